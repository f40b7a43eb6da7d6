using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Benchmarks.Framing;

/// <summary>Takes messages out of a pipe that holds them already: what framing costs beyond the transport.</summary>
[MemoryDiagnoser]
public class MessageReaderBenchmarks
{
    private const int Messages = 100;
    private readonly Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private MessageReader reader = null!;
    private byte[] frame = null!;

    /// <summary>Bytes of a message: a small call, a piece of an upload, a message over several segments of a pipe.</summary>
    [Params(64, 64 * 1024, 1024 * 1024)]
    public int MessageBytes { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        reader = new MessageReader(pipe.Reader, int.MaxValue);
        frame = Frames.Of(MessageBytes);
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task<long> Read()
    {
        long sum = 0;
        for (int i = 0; i < Messages; i++)
        {
            await pipe.Writer.WriteAsync(frame);
            await reader.MoveNextAsync(CancellationToken.None);
            sum += reader.Current.Length;
        }

        return sum;
    }

    /// <summary>The pipe alone, to be taken off from the above.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Messages)]
    public async Task<long> PipeAlone()
    {
        long sum = 0;
        for (int i = 0; i < Messages; i++)
        {
            await pipe.Writer.WriteAsync(frame);
            ReadResult result = await pipe.Reader.ReadAsync();
            sum += result.Buffer.Length;
            pipe.Reader.AdvanceTo(result.Buffer.End);
        }

        return sum;
    }
}
