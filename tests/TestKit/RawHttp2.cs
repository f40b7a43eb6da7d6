using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace RemoteExec.TestKit;

/// <summary>A connection of HTTP/2 whose frames are made by hand.</summary>
public sealed class RawHttp2 : IDisposable
{
    /// <summary>Types of frames, and below their flags.</summary>
    public const byte Data = 0;
    /// <inheritdoc cref="Data"/>
    public const byte Headers = 1;
    /// <inheritdoc cref="Data"/>
    public const byte ResetStream = 3;
    /// <inheritdoc cref="Data"/>
    public const byte Settings = 4;
    /// <inheritdoc cref="Data"/>
    public const byte Ping = 6;
    /// <inheritdoc cref="Data"/>
    public const byte GoAway = 7;
    /// <inheritdoc cref="Data"/>
    public const byte WindowUpdate = 8;
    /// <inheritdoc cref="Data"/>
    public const byte Continuation = 9;

    /// <inheritdoc cref="Data"/>
    public const byte EndStream = 1;
    /// <inheritdoc cref="Data"/>
    public const byte EndHeaders = 4;
    private const byte Ack = 1;
    private readonly TcpClient client = new() { NoDelay = true };
    private NetworkStream wire = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Connects, and sends what begins HTTP/2, with settings of the client as they are on the wire.</summary>
    public static async Task<RawHttp2> ConnectAsync(Uri server, params byte[] settings)
    {
        var connection = new RawHttp2();
        await connection.client.ConnectAsync(server.Host, server.Port, Token);
        connection.wire = connection.client.GetStream();
        await connection.wire.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Token);
        await connection.WriteAsync(Settings, 0, 0, settings);
        return connection;
    }

    /// <summary>Sends a PING.</summary>
    public Task PingAsync(byte number) => WriteAsync(Ping, 0, 0, [0, 0, 0, 0, 0, 0, 0, number]);

    /// <summary>Sends a whole gRPC request on a stream.</summary>
    public async Task PostAsync(int stream, string path, string scheme, byte[] body)
    {
        await BeginAsync(stream, path, scheme);
        await WriteAsync(Data, EndStream, stream, body);
    }

    /// <summary>Sends the headers of a gRPC request, whose body may follow.</summary>
    public Task BeginAsync(int stream, string path, string scheme = "http") => WriteAsync(Headers, EndHeaders, stream, HeaderBlock(path, scheme));

    /// <summary>What the headers of a gRPC request are on the wire.</summary>
    public static byte[] HeaderBlock(string path, string scheme = "http") =>

        // Indexed names of HPACK's static table: 1 :authority, 3 :method POST, 4 :path, 6 and 7 :scheme http and https, 31 content-type.
        [0x83, scheme == "https" ? (byte)0x87 : (byte)0x86, .. Literal(4, path), .. Literal(1, "localhost"), .. Literal(31, "application/grpc")];

    /// <summary>Bytes as they are.</summary>
    public Task SendAsync(ReadOnlyMemory<byte> bytes) => wire.WriteAsync(bytes, Token).AsTask();

    /// <summary>Reads, and answers nothing, until the server has closed the connection.</summary>
    public async Task WaitForEndAsync()
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await wire.ReadAsync(buffer, Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // An end as well.
        }
    }

    /// <summary>The next frame that is neither of the connection's settings nor of its windows.</summary>
    public async Task<(byte Type, byte Flags, byte[] Payload)> ReadAsync()
    {
        while (true)
        {
            var head = new byte[9];
            await wire.ReadExactlyAsync(head, Token);
            var payload = new byte[BinaryPrimitives.ReadInt32BigEndian([0, .. head.AsSpan(0, 3)])];
            await wire.ReadExactlyAsync(payload, Token);
            if (head[3] is Data or Headers or ResetStream or Ping or GoAway)
                return (head[3], head[4], payload);
            if (head[3] == Settings && (head[4] & Ack) == 0)
                await WriteAsync(Settings, Ack, 0, []);
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose() => client.Dispose();

    private static byte[] Literal(byte name, string value) =>
        name < 15 ? [name, (byte)value.Length, .. Encoding.ASCII.GetBytes(value)] : [15, (byte)(name - 15), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    /// <summary>Sends a frame.</summary>
    public Task WriteAsync(byte type, byte flags, int stream, params byte[] payload) => SendAsync(Frame(type, flags, stream, payload));

    /// <summary>A frame as it is on the wire.</summary>
    public static byte[] Frame(byte type, byte flags, int stream, params byte[] payload)
    {
        byte[] frame = [0, 0, 0, type, flags, 0, 0, 0, 0, .. payload];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        frame[0] = (byte)(payload.Length >> 16);
        frame[1] = (byte)(payload.Length >> 8);
        frame[2] = (byte)payload.Length;
        return frame;
    }
}
