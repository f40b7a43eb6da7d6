using Google.Protobuf;
using RemoteExec.ActionCache;
using RemoteExec.Builds.Critical;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Tests.Explain;
using RemoteExec.Builds.Tests.Records;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Tests.Critical;

/// <summary>A build whose actions take what others make.</summary>
internal sealed class CriticalBuild : IAsyncDisposable
{
    public const string Name = "build-1";

    private static readonly Protocol.Digest any = TestBlob.Of([]).Digest;
    private readonly TemporaryDirectory directory = new();
    private readonly ManualTimeProvider time = new();
    private readonly IBlobStore blobs = new EmptyBlobStore(new MemoryStore(50_000_000));
    private readonly ActionCacheStore results = new(new MemoryStore(50_000_000));
    private readonly HashSet<Protocol.Digest> lost = [];
    private readonly BuildRecords records;

    public CriticalBuild() => records = BuildRecords.Open(
        directory["builds.db"], new BuildRecordOptions(TimeSpan.FromDays(1), 1 << 30), TimeSpan.FromHours(1), new RecordingLogger(), time);

    /// <summary>An action that is asked for now: it misses, and is run, unless it is a hit.</summary>
    /// <param name="output">What it makes; with a slash at its end, a directory with a file.</param>
    /// <param name="run">How long.</param>
    /// <param name="inputs">What it takes.</param>
    /// <param name="isHit">True if its result is there.</param>
    /// <param name="hasInputs">False if the inputs are not in the CAS.</param>
    public async Task<Protocol.Digest> RunAsync(string output, TimeSpan? run, IReadOnlyList<string> inputs, bool isHit = false, bool hasInputs = true)
    {
        var sample = new ActionSample { Outputs = [output], Files = inputs.ToDictionary(path => path, ContentOf) };
        ActionContent content = await sample.StoreAsync(blobs);
        if (!hasInputs)
            lost.Add(content.InputRoot!.Value);
        await results.PutAsync(content.Digest, await ResultAsync(output), CancellationToken.None);
        new ToldCall(isHit ? CallKind.Hit : CallKind.Executed, content.Digest) { Outcome = isHit ? null : "ok", Run = run, Target = $"//:{output}" }.Tell(records.Observer);
        time.Advance(TimeSpan.FromMilliseconds(5));
        return content.Digest;
    }

    /// <summary>An action that the client runs itself, for so long.</summary>
    public async Task StoreAsync(string output, TimeSpan run, IReadOnlyList<string> inputs)
    {
        Protocol.Digest action = (await new ActionSample { Outputs = [output], Files = inputs.ToDictionary(path => path, ContentOf) }.StoreAsync(blobs)).Digest;
        new ToldCall(CallKind.Miss, action).Tell(records.Observer);
        await records.FlushAsync(CancellationToken.None);
        time.Advance(run);
        await results.PutAsync(action, await ResultAsync(output), CancellationToken.None);
        new ToldCall(CallKind.Stored, action) { Target = $"//:{output}" }.Tell(records.Observer);
    }

    public async Task<CriticalPath> FindAsync(CriticalLimits? limits = null)
    {
        using var finder = new CriticalPathFinder(records, new LossyStore(blobs, lost), results, time) { Limits = limits ?? new CriticalLimits() };
        return await finder.FindAsync(Name, TestContext.Current.CancellationToken) ?? throw new InvalidOperationException("there is no such build");
    }

    public async ValueTask DisposeAsync()
    {
        await records.DisposeAsync();
        directory.Dispose();
    }

    private static string ContentOf(string path) => $"what is in {path}";

    private async Task<Reapi.ActionResult> ResultAsync(string output)
    {
        if (!output.EndsWith('/'))
            return new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = output, Digest = any.SiblingOf(System.Text.Encoding.UTF8.GetBytes(ContentOf(output))).ToProto() } } };
        var inside = new Reapi.Directory { Files = { new Reapi.FileNode { Name = "file", Digest = any.SiblingOf(System.Text.Encoding.UTF8.GetBytes(ContentOf(output + "file"))).ToProto() } } };
        Protocol.Digest tree = await blobs.StoreAsync(any, new Reapi.Tree { Root = inside }.ToByteArray(), CancellationToken.None);
        return new Reapi.ActionResult { OutputDirectories = { new Reapi.OutputDirectory { Path = output.TrimEnd('/'), TreeDigest = tree.ToProto() } } };
    }
}
