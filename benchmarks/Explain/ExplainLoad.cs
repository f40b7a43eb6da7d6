using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Explain.History;
using RemoteExec.Builds.Storage;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;

namespace RemoteExec.Benchmarks.Explain;

/// <summary>
/// How long it takes to explain a miss, from its being observed to the explanation's being written down, with so many actions in the history: each miss is that of an action with 2,000
/// inputs, of which one changed. Ends with 1 if the slower ones take longer than 50 ms.
/// </summary>
internal static class ExplainLoad
{
    private const int Misses = 300;
    private const int Files = 2000;
    private const int FilesInDirectory = 50;
    private const int Batch = 20_000;
    private static readonly TimeSpan most = TimeSpan.FromMilliseconds(50);
    private static readonly Digest any = IncrementalHasher.Compute(default, DigestFunction.Sha256, []);

    /// <summary>Fills a history, explains some misses, and prints what it took.</summary>
    public static async Task<int> RunAsync(string[] flags)
    {
        int count = flags is [string text] ? int.Parse(text, CultureInfo.InvariantCulture) : 1_000_000;
        DirectoryInfo directory = Directory.CreateTempSubdirectory("remoteexec-bench-explain-");
        try
        {
            string path = Path.Combine(directory.FullName, "explain.db");
            IBlobStore cas = new EmptyBlobStore(new MemoryStore(4L << 30));
            long start = Stopwatch.GetTimestamp();
            Fill(path, count);
            Print($"{count:N0} actions written down in {Stopwatch.GetElapsedTime(start).TotalSeconds:N0} s: {Stopwatch.GetElapsedTime(start).TotalMicroseconds / count:N0} µs each; the file has {new FileInfo(path).Length / 1e6:N0} MB");
            return await ExplainAsync(path, cas);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static void Fill(string path, int count)
    {
        using var database = BuildDatabase.Open(path, [HistorySchema.Tables], DatabasePages.Short, NullLogger.Instance);
        var writer = new HistoryWriter(database.Statements, new HistoryLimits());
        for (int done = 0; done < count; done += Batch)
        {
            using var transaction = WriteTransaction.Begin(database.Writer);
            for (int number = done; number < Math.Min(count, done + Batch); number++)
            {
                ActionContent content = Action(number, any, out _);
                Sighting sighting = SightingOf(content.Digest, number, "bulk-" + (number / 50_000));
                writer.Record(sighting, writer.Invocation(sighting), content, LineKey.Of(sighting, content));
            }

            transaction.Commit();
        }
    }

    private static async Task<int> ExplainAsync(string path, IBlobStore cas)
    {
        await using MissHistory history = MissHistory.Open(path, cas, new HistoryLimits(), NullLogger.Instance, TimeProvider.System);
        await ObserveAsync(history, await StoreAsync(cas, -1, "1"), -1, "before"); // what is compiled is not measured
        List<TimeSpan> times = [], reads = [];
        for (int number = 0; number < Misses; number++)
        {
            int line = 10_000_000 + number;
            await ObserveAsync(history, await StoreAsync(cas, line, "1"), line, "before");
            Digest changed = await StoreAsync(cas, line, "2");
            long start = Stopwatch.GetTimestamp();
            await ObserveAsync(history, changed, line, "after");
            times.Add(Stopwatch.GetElapsedTime(start));
            start = Stopwatch.GetTimestamp();
            Explanation explanation = history.Explain(default, changed.HashSpan)!;
            reads.Add(Stopwatch.GetElapsedTime(start));
            if (explanation.Cause.Sentence != "src/7/file changed")
                throw new InvalidOperationException($"the cause is another one: {explanation.Cause.Sentence}");
        }

        long asked = Stopwatch.GetTimestamp();
        long misses = history.CausesOf("after")!.Misses;
        TimeSpan ranked = Stopwatch.GetElapsedTime(asked);
        TimeSpan slow = Percentile(times, 0.99);
        Print($"{Misses} misses explained: median {Percentile(times, 0.5).TotalMilliseconds:N1} ms, 99 % within {slow.TotalMilliseconds:N1} ms, longest {times.Max().TotalMilliseconds:N1} ms");
        Print($"read again: median {Percentile(reads, 0.5).TotalMilliseconds:N2} ms, 99 % within {Percentile(reads, 0.99).TotalMilliseconds:N2} ms; the causes of a build with {misses} misses: {ranked.TotalMilliseconds:N1} ms");
        return slow <= most ? 0 : 1;
    }

    private static async Task ObserveAsync(MissHistory history, Digest action, int line, string build)
    {
        history.Observe(SightingOf(action, line, build));
        await history.CatchUpAsync(CancellationToken.None);
    }

    private static Sighting SightingOf(Digest action, int line, string build) =>
        new(action, SightingKind.Executed, TimeProvider.System.GetUtcNow()) { Invocation = build, Target = $"//package/{line / 20}:target", Mnemonic = "CppCompile", Duration = TimeSpan.FromSeconds(1) };

    private static async Task<Digest> StoreAsync(IBlobStore cas, int line, string content)
    {
        var tree = new MerkleTreeBuilder(any.Instance, any.Function);
        for (int file = 0; file < Files; file++)
            tree.AddFile($"include/{file / FilesInDirectory}/{file}.h", any.SiblingOf(BitConverter.GetBytes(file)));
        tree.AddFile("src/7/file", await cas.StoreAsync(any, System.Text.Encoding.UTF8.GetBytes($"{line} {content}\n"), CancellationToken.None));
        MerkleTree built = tree.Build();
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in built.Blobs)
            await cas.WriteAllAsync(digest, encoded, CancellationToken.None);
        ActionContent action = Action(line, built.RootDigest, out byte[] command);
        await cas.StoreAsync(any, command, CancellationToken.None);
        return await cas.StoreAsync(any, action.Action!.ToByteArray(), CancellationToken.None);
    }

    private static ActionContent Action(int line, Digest root, out byte[] encodedCommand)
    {
        string output = $"bazel-out/k8-fastbuild/bin/package/{line / 20}/_objs/target/{line}.o";
        var command = new Reapi.Command
        {
            Arguments = { "external/toolchain/bin/gcc", "-O2", "-Wall", "-fstack-protector", "-iquote", ".", "-iquote", "bazel-out/k8-fastbuild/bin", "-c", $"package/{line / 20}/{line}.cc", "-o", output },
            EnvironmentVariables = { new Reapi.Command.Types.EnvironmentVariable { Name = "PATH", Value = "/bin:/usr/bin" } },
            OutputPaths = { output },
        };
        encodedCommand = command.ToByteArray();
        var action = new Reapi.Action
        {
            CommandDigest = any.SiblingOf(encodedCommand).ToProto(),
            InputRootDigest = root.ToProto(),
            Platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = "OSFamily", Value = "linux" } } },
        };
        return new ActionContent(any.SiblingOf(action.ToByteArray()), action, command);
    }

    private static TimeSpan Percentile(IEnumerable<TimeSpan> times, double share) => times.Order().ElementAt((int)(times.Count() * share));

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
