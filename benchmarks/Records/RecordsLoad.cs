using System.Globalization;
using Build.Bazel.Remote.Execution.V2;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Benchmarks.Uploads;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Benchmarks.Records;

/// <summary>
/// What it costs a server to write down what builds do, or that and to count all that is counted: the CPU of GetActionResult that finds a small result, on one that does it and on one that does not, in turns. Each round is a
/// build of its own that asks for many actions, each with metadata as Bazel sends it; what is done in the background after the last call is in it.
/// </summary>
internal static class RecordsLoad
{
    private const int Actions = 60_000;
    private const int AtATime = 32;
    private const int DefaultRounds = 15;
    private const string Get = "/build.bazel.remote.execution.v2.ActionCache/GetActionResult";
    private const string Update = "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult";
    private static readonly TimeSpan rest = TimeSpan.FromSeconds(1.2); // longer than what is told waits

    /// <summary>
    /// Runs it and prints what came of it; <c>--rounds N</c> for other than fifteen, <c>--cost</c> for what it costs without the calls themselves, <c>--shared HOST:PORT</c> for what it costs to tell
    /// other servers as well, through that Redis.
    /// </summary>
    public static async Task<int> RunAsync(string program, string[] flags)
    {
        (double told, double workedOff) = await RecordsCost.MeasureAsync(Google.Protobuf.MessageExtensions.ToByteArray(Result().ExecutionMetadata), MetadataOf);
        Write($"without the call itself: {told:0} ns on its path, {workedOff:0} ns in the background");
        if (flags is ["--shared", string redis])
        {
            (told, workedOff) = await RecordsCost.MeasureAsync(Google.Protobuf.MessageExtensions.ToByteArray(Result().ExecutionMetadata), MetadataOf, redis);
            Write($"and told to other servers: {told:0} ns on its path, {workedOff:0} ns in the background");
            return await CompareAsync(program, DefaultRounds, "sharing", ["--set", $"builds.shared.redis.endpoints={redis}"], []);
        }

        if (flags is ["--cost"])
            return 0;
        return await CompareAsync(program, RoundsOf(flags), "records", [], ["--set", "builds.maxBytes=0"]);
    }

    /// <summary>The same of everything that is counted and written down; spans are not, as calls have none by default.</summary>
    public static Task<int> RunTelemetryAsync(string program, string[] flags) =>
        CompareAsync(program, RoundsOf(flags), "telemetry", [], ["--set", "builds.maxBytes=0", "--set", "telemetry.metrics=false"]);

    private static int RoundsOf(string[] flags) => flags is ["--rounds", string text] ? int.Parse(text, CultureInfo.InvariantCulture) : DefaultRounds;

    private static async Task<int> CompareAsync(string program, int rounds, string what, string[] with, string[] without)
    {
        await using MeasuredServer on = await MeasuredServer.StartAsync(program, with);
        await using MeasuredServer off = await MeasuredServer.StartAsync(program, without);
        await using var onChannel = new RpcChannel(RpcAddress.Parse($"grpc://{on.Grpc}"));
        await using var offChannel = new RpcChannel(RpcAddress.Parse($"grpc://{off.Grpc}"));
        Digest[] actions = [.. Enumerable.Range(0, Actions).Select(number => IncrementalHasher.Compute(default, Protocol.DigestFunction.Sha256, BitConverter.GetBytes(number)))];
        foreach (RpcChannel channel in new[] { onChannel, offChannel })
            await StoreAsync(channel, actions);
        for (int i = 0; i < 3; i++) // until what is hot was compiled
        {
            await BuildAsync(onChannel, actions);
            await BuildAsync(offChannel, actions);
        }

        var ratios = new List<double>();
        var costs = new List<(double On, double Off)>();
        for (int round = 0; round < rounds; round++)
        {
            double first = await MeasureAsync(round % 2 == 0 ? on : off, round % 2 == 0 ? onChannel : offChannel, actions);
            double second = await MeasureAsync(round % 2 == 0 ? off : on, round % 2 == 0 ? offChannel : onChannel, actions);
            (double cost, double bare) = round % 2 == 0 ? (first, second) : (second, first);
            ratios.Add(cost / bare);
            costs.Add((cost, bare));
            Write($"round {round + 1}: {cost:0.00} us of CPU a call with {what}, {bare:0.00} without: {100 * ((cost / bare) - 1):+0.0;-0.0} %");
        }

        ratios.Sort();
        Write($"{rounds} rounds of {Actions} GetActionResult that hit, {AtATime} at a time: median {Median(costs.Select(cost => cost.On)):0.00} us with {what}, {Median(costs.Select(cost => cost.Off)):0.00} without");
        Write($"median of the rounds' differences: {100 * (Median(ratios) - 1):+0.0;-0.0} %, quartiles {100 * (ratios[ratios.Count / 4] - 1):+0.0;-0.0} and {100 * (ratios[ratios.Count * 3 / 4] - 1):+0.0;-0.0} %");
        return 0;
    }

    private static void Write(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static double Median(IEnumerable<double> values) => values.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;

    private static async Task<double> MeasureAsync(MeasuredServer server, RpcChannel channel, Digest[] actions)
    {
        TimeSpan before = server.Cpu;
        await BuildAsync(channel, actions);
        await Task.Delay(rest, TimeProvider.System);
        return (server.Cpu - before).TotalMicroseconds / actions.Length;
    }

    private static Task BuildAsync(RpcChannel channel, Digest[] actions)
    {
        string invocation = Guid.NewGuid().ToString();
        return EachAsync(actions, async (number, action) =>
        {
            var request = new GetActionResultRequest { ActionDigest = action.ToProto(), InlineStdout = true, InlineStderr = true };
            ActionResult result = await channel.UnaryAsync<GetActionResultRequest, ActionResult>(Get, request, CancellationToken.None, new RpcCallOptions { Headers = HeadersOf(invocation, number, action) });
            if (result.ExitCode != 0 || result.ExecutionMetadata is null)
                throw new InvalidOperationException($"action {action} has another result than was stored");
        });
    }

    private static Task StoreAsync(RpcChannel channel, Digest[] actions)
    {
        ActionResult result = Result();
        return EachAsync(actions, (_, action) => channel.UnaryAsync<UpdateActionResultRequest, ActionResult>(
            Update, new UpdateActionResultRequest { ActionDigest = action.ToProto(), ActionResult = result }, CancellationToken.None, new RpcCallOptions()));
    }

    private static ActionResult Result()
    {
        var began = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
        return new ActionResult
        {
            StdoutRaw = Google.Protobuf.ByteString.CopyFromUtf8("done\n"),
            ExecutionMetadata = new ExecutedActionMetadata
            {
                Worker = "worker-1",
                QueuedTimestamp = began,
                WorkerStartTimestamp = began,
                WorkerCompletedTimestamp = began,
                InputFetchStartTimestamp = began,
                InputFetchCompletedTimestamp = began,
                ExecutionStartTimestamp = began,
                ExecutionCompletedTimestamp = began + Duration.FromTimeSpan(TimeSpan.FromSeconds(1.5)),
                OutputUploadStartTimestamp = began,
                OutputUploadCompletedTimestamp = began,
            },
        };
    }

    private static Task EachAsync(Digest[] actions, Func<int, Digest, Task> call) =>
        Parallel.ForAsync(0, actions.Length, new ParallelOptions { MaxDegreeOfParallelism = AtATime }, async (i, _) => await call(i, actions[i]));

    // As much as Bazel says: three actions to a target, as many kinds as a C++ build has.
    private static byte[] MetadataOf(string invocation, int number, Digest action) =>
        Google.Protobuf.MessageExtensions.ToByteArray(new RequestMetadata
        {
            ToolDetails = new ToolDetails { ToolName = "bazel", ToolVersion = "7.4.1" },
            ActionId = action.Hash,
            ToolInvocationId = invocation,
            CorrelatedInvocationsId = invocation,
            ActionMnemonic = (number % 3) switch { 0 => "CppCompile", 1 => "CppArchive", _ => "CppLink" },
            TargetId = string.Create(CultureInfo.InvariantCulture, $"//src/main/java/com/example/project/module{number / 30}:library{number / 3}"),
            ConfigurationId = "0f9c2a4e6b1d8037a5e4c3b2d1f0e9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b4a3f2",
        });

    private static RpcMetadata HeadersOf(string invocation, int number, Digest action)
    {
        var headers = new RpcMetadata();
        headers.AddBinary(RequestMetadataHeader.Name, MetadataOf(invocation, number, action));
        return headers;
    }
}
