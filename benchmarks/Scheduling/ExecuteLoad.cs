using System.Diagnostics;
using System.Globalization;
using Build.Bazel.Remote.Execution.V2;
using Google.Protobuf;
using RemoteExec.Benchmarks.Uploads;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;
using Digest = RemoteExec.Protocol.Digest;
using Operation = Google.LongRunning.Operation;

namespace RemoteExec.Benchmarks.Scheduling;

/// <summary>
/// What it costs to run /bin/true through Execute on a real server with a worker inside: how many in a second, and one at a time, how long until a worker that does nothing has begun. In the
/// same run, the same program started by hand.
/// </summary>
internal static class ExecuteLoad
{
    private const int Many = 2000;
    private const int AtATime = 16;
    private const int OneByOne = 500;
    private const int Slots = 4;
    private const string Method = "/build.bazel.remote.execution.v2.Execution/Execute";

    /// <summary>Runs it and prints what came of it; <c>--workers N</c> for other than four slots.</summary>
    public static async Task<int> RunAsync(string program, string[] flags)
    {
        string slots = flags is ["--workers", string text] ? text : Slots.ToString(CultureInfo.InvariantCulture);
        await using MeasuredServer server = await MeasuredServer.StartAsync(program, [], slots);
        await using var channel = new RpcChannel(RpcAddress.Parse($"grpc://{server.Grpc}"));
        var cas = new RemoteStore(channel, RemoteStore.DefaultPatience, TimeProvider.System);
        Digest[] actions = await UploadAsync(cas, (2 * Many) + OneByOne);
        await RunAllAsync(channel, actions[..Many], AtATime); // warms up

        TimeSpan byHand = StartByHand(Many);
        TimeSpan before = server.Cpu;
        long began = Stopwatch.GetTimestamp();
        await RunAllAsync(channel, actions[Many..(2 * Many)], AtATime);
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        TimeSpan cpu = server.Cpu - before;
        double[] starts = [.. (await RunAllAsync(channel, actions[(2 * Many)..], 1)).Order()];

        Write($"Execute of /bin/true, {AtATime} at a time, {slots} slots: {Many / took.TotalSeconds:0} a second, {took.TotalMilliseconds / Many:0.00} ms each, {cpu.TotalMilliseconds / Many:0.00} ms of CPU in the server");
        Write($"Process.Start of /bin/true, one after the other: {Many / byHand.TotalSeconds:0} a second, {byHand.TotalMilliseconds / Many:0.00} ms each; Execute / Process.Start = {took / byHand:0.00}");
        Write($"from the queue to a worker that does nothing, one at a time: p50 {starts[starts.Length / 2]:0.00} ms, p99 {starts[(int)(starts.Length * 0.99)]:0.00} ms");
        return 0;
    }

    private static void Write(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static async Task<Digest[]> UploadAsync(RemoteStore cas, int count)
    {
        Digest command = await WriteAsync(cas, new Command { Arguments = { "/bin/true" } });
        Digest root = await WriteAsync(cas, new Build.Bazel.Remote.Execution.V2.Directory());
        var actions = new Digest[count];
        for (int i = 0; i < count; i++)
        {
            var action = new Build.Bazel.Remote.Execution.V2.Action
            {
                CommandDigest = command.ToProto(),
                InputRootDigest = root.ToProto(),
                Salt = ByteString.CopyFromUtf8($"{i}"),
            };
            actions[i] = await WriteAsync(cas, action);
        }

        return actions;
    }

    private static async Task<Digest> WriteAsync(RemoteStore cas, IMessage message)
    {
        byte[] content = message.ToByteArray();
        Digest digest = IncrementalHasher.Compute(default, Protocol.DigestFunction.Sha256, content);
        if (content.Length > 0)
            await cas.WriteAllAsync(digest, content, CancellationToken.None);
        return digest;
    }

    // Answers how long each waited in the queue, in milliseconds, by the clock that server and worker share.
    private static async Task<IReadOnlyList<double>> RunAllAsync(RpcChannel channel, IReadOnlyList<Digest> actions, int atATime)
    {
        double[] waits = new double[actions.Count];
        await Parallel.ForAsync(0, actions.Count, new ParallelOptions { MaxDegreeOfParallelism = atATime }, async (i, cancellationToken) =>
        {
            var request = new ExecuteRequest { ActionDigest = actions[i].ToProto(), SkipCacheLookup = true };
            ActionResult? result = null;
            await foreach (Operation operation in channel.ServerStreamAsync<ExecuteRequest, Operation>(
                Method, request, cancellationToken))
            {
                if (operation.Done)
                    result = operation.Response.Unpack<ExecuteResponse>().Result;
            }

            if (result is not { ExitCode: 0 })
                throw new InvalidOperationException($"action {actions[i]} did not end well: {result}");
            waits[i] = (result.ExecutionMetadata.WorkerStartTimestamp - result.ExecutionMetadata.QueuedTimestamp).ToTimeSpan().TotalMilliseconds;
        });
        return waits;
    }

    private static TimeSpan StartByHand(int count)
    {
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            using Process process = Process.Start(new ProcessStartInfo("/bin/true") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.WaitForExit();
        }

        return Stopwatch.GetElapsedTime(began);
    }
}
