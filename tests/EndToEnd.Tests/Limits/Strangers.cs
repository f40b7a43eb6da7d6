using System.Net.Sockets;
using System.Text;
using Google.Bytestream;
using Google.Protobuf;

namespace RemoteExec.EndToEnd.Tests.Limits;

/// <summary>
/// Clients that ask for memory and then do nothing with it: they begin messages, uploads and answers, and let the server wait. Whenever one is disconnected, or its calls are ended, it begins
/// again.
/// </summary>
internal sealed class Strangers(ServerProcess server, string largeBlob, CancellationToken token)
{
    private const string Write = "/google.bytestream.ByteStream/Write";
    private const int Calls = 100;
    private static readonly TimeSpan beginAgain = TimeSpan.FromSeconds(3);

    // That the message has 2 MiB, and the first of them.
    private static readonly byte[] halfMessage = [0, 0, 0x20, 0, 0, 0x0a, 1];

    /// <summary>So many of them, of all kinds, until the token fires.</summary>
    public Task RunAsync(int count) => Task.WhenAll(Enumerable.Range(0, count).Select(number => (number % 4) switch
    {
        0 => AgainAsync(connection => BeginWritesAsync(connection, halfMessage)),
        1 => AgainAsync(connection => BeginWritesAsync(connection, [])),
        2 => AgainAsync(ReadNothingAsync),
        _ => SlowPutAsync(),
    }));

    private static async Task BeginWritesAsync(RawHttp2 connection, byte[] body)
    {
        for (int stream = 1; stream < 2 * Calls; stream += 2)
        {
            await connection.BeginAsync(stream, Write);
            await connection.WriteAsync(RawHttp2.Data, 0, stream, body);
        }
    }

    private async Task ReadNothingAsync(RawHttp2 connection)
    {
        byte[] request = new ReadRequest { ResourceName = largeBlob }.ToByteArray();
        byte[] frame = [0, 0, 0, 0, (byte)request.Length, .. request];
        for (int stream = 1; stream < 2 * Calls; stream += 2)
            await connection.PostAsync(stream, "/google.bytestream.ByteStream/Read", "http", frame);
    }

    private async Task AgainAsync(Func<RawHttp2, Task> beginAsync)
    {
        while (!token.IsCancellationRequested)
        {
            try
            {
                using RawHttp2 connection = await RawHttp2.ConnectAsync(new Uri("http://" + server.GrpcAddress));
                await beginAsync(connection);
                await connection.WaitForEndAsync().WaitAsync(beginAgain, token);
            }
            catch (Exception exception) when (exception is IOException or SocketException or TimeoutException or OperationCanceledException)
            {
                // It was disconnected, or begins again.
            }
        }
    }

    // An upload that comes byte by byte.
    private async Task SlowPutAsync()
    {
        string[] address = server.HttpAddress.Split(':');
        while (!token.IsCancellationRequested)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(address[0], int.Parse(address[1], System.Globalization.CultureInfo.InvariantCulture), token);
                NetworkStream wire = client.GetStream();
                await wire.WriteAsync(Encoding.ASCII.GetBytes($"PUT /cas/{new string('b', 64)} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"), token);
                while (true)
                {
                    await wire.WriteAsync(new byte[300], token); // fast enough for the rate that is asked of everybody
                    await Task.Delay(TimeSpan.FromSeconds(1), token);
                }
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
            {
                // It was disconnected.
            }
        }
    }
}
