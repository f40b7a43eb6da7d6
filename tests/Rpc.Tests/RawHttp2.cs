using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace RemoteExec.Rpc.Tests;

/// <summary>A connection of HTTP/2 whose frames are made by hand.</summary>
internal sealed class RawHttp2 : IDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte ResetStream = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;

    private const byte Ack = 1;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private readonly TcpClient client = new() { NoDelay = true };

    public static async Task<RawHttp2> ConnectAsync(Uri server)
    {
        var connection = new RawHttp2();
        await connection.client.ConnectAsync(server.Host, server.Port, Methods.Token);
        await connection.client.GetStream().WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Methods.Token);
        await connection.WriteAsync(Settings, 0, 0, []);
        return connection;
    }

    public Task PingAsync(byte number) => WriteAsync(Ping, 0, 0, [0, 0, 0, 0, 0, 0, 0, number]);

    /// <summary>Sends a whole gRPC request on a stream.</summary>
    public async Task PostAsync(int stream, string path, string scheme, byte[] body)
    {
        // Indexed names of HPACK's static table: 1 :authority, 3 :method POST, 4 :path, 6 and 7 :scheme http and https, 31 content-type.
        byte[] block = [0x83, scheme == "https" ? (byte)0x87 : (byte)0x86, .. Literal(4, path), .. Literal(1, "localhost"), .. Literal(31, "application/grpc")];
        await WriteAsync(Headers, EndHeaders, stream, block);
        await WriteAsync(Data, EndStream, stream, body);
    }

    /// <summary>The next frame that is neither of the connection's settings nor of its windows.</summary>
    public async Task<(byte Type, byte Flags, byte[] Payload)> ReadAsync()
    {
        while (true)
        {
            var head = new byte[9];
            await client.GetStream().ReadExactlyAsync(head, Methods.Token);
            var payload = new byte[BinaryPrimitives.ReadInt32BigEndian([0, .. head.AsSpan(0, 3)])];
            await client.GetStream().ReadExactlyAsync(payload, Methods.Token);
            if (head[3] is Data or Headers or ResetStream or Ping or GoAway)
                return (head[3], head[4], payload);
            if (head[3] == Settings && (head[4] & Ack) == 0)
                await WriteAsync(Settings, Ack, 0, []);
        }
    }

    public void Dispose() => client.Dispose();

    private static byte[] Literal(byte name, string value) =>
        name < 15 ? [name, (byte)value.Length, .. Encoding.ASCII.GetBytes(value)] : [15, (byte)(name - 15), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private async Task WriteAsync(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = [0, 0, 0, type, flags, 0, 0, 0, 0, .. payload];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        frame[0] = (byte)(payload.Length >> 16);
        frame[1] = (byte)(payload.Length >> 8);
        frame[2] = (byte)payload.Length;
        await client.GetStream().WriteAsync(frame, Methods.Token);
    }
}
