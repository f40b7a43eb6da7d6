using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using Grpc.Health.V1;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Benchmarks.Framing;

/// <summary>Writes messages into a pipe that is emptied at once.</summary>
[MemoryDiagnoser]
public class MessageWriterBenchmarks
{
    private const int Messages = 100;
    private const int Payload = 16 * 1024;
    private readonly Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly IMessage message = new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving };
    private MessageWriter writer = null!;

    [GlobalSetup]
    public void Prepare() => writer = new MessageWriter(pipe.Writer);

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task Message()
    {
        for (int i = 0; i < Messages; i++)
        {
            writer.Write(message);
            await SendAsync();
        }
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task ByHand()
    {
        for (int i = 0; i < Messages; i++)
        {
            writer.Start(Payload);
            writer.GetMemory(Payload);
            writer.Advance(Payload);
            await SendAsync();
        }
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task Reserved()
    {
        for (int i = 0; i < Messages; i++)
        {
            writer.Reserve(Payload);
            writer.Commit();
            await SendAsync();
        }
    }

    private async ValueTask SendAsync()
    {
        await writer.FlushAsync(CancellationToken.None);
        ReadResult result = await pipe.Reader.ReadAsync();
        pipe.Reader.AdvanceTo(result.Buffer.End);
    }
}
