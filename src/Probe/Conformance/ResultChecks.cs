using Google.Protobuf;
using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;

namespace RemoteExec.Probe.Conformance;

/// <summary>The action cache. Each check is about an action of its own, which nobody else has.</summary>
internal static class ResultChecks
{
    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Must("AC-01", "a miss is NOT_FOUND", scenario => RefusesAsync(FindAsync(scenario, scenario.NewBlob().Wire), StatusCode.NotFound)),
        Check.Must("AC-02", "a result whose outputs are there is found", async scenario =>
        {
            ProbeBlob output = await scenario.AddAsync();
            Reapi.Digest action = await KeepAsync(scenario, ResultOf(output));
            Reapi.ActionResult found = await FindAsync(scenario, action);
            Require(found.OutputFiles is [{ Path: "out" } file] && file.Digest.Equals(output.Wire), "its output is another");
        }),
        Check.Should("AC-02", "a result whose output is absent is a miss", async scenario => await RefusesAsync(FindAsync(scenario, await KeepAsync(scenario, ResultOf(scenario.NewBlob()))), StatusCode.NotFound)),
        Check.Should("AC-02", "a result with an absent file in an output directory is a miss", async scenario =>
        {
            var root = new Reapi.Directory { Files = { new Reapi.FileNode { Name = "f", Digest = scenario.NewBlob().Wire } } };
            ProbeBlob tree = await scenario.AddAsync(ProbeBlob.Of(new Reapi.Tree { Root = root }));
            var result = new Reapi.ActionResult { OutputDirectories = { new Reapi.OutputDirectory { Path = "dir", TreeDigest = tree.Wire } } };
            await RefusesAsync(FindAsync(scenario, await KeepAsync(scenario, result)), StatusCode.NotFound);
        }),
        Check.Should("AC-02", "a result whose log is absent is a miss", async scenario =>
            await RefusesAsync(FindAsync(scenario, await KeepAsync(scenario, new Reapi.ActionResult { StdoutDigest = scenario.NewBlob().Wire })), StatusCode.NotFound)),
        Check.Should("AC-03", "content is not inlined unless it is asked for", async scenario =>
        {
            ProbeBlob output = await scenario.AddAsync();
            Reapi.ActionResult found = await FindAsync(scenario, await KeepAsync(scenario, ResultOf(output)));
            Require(found.OutputFiles.All(file => file.Contents.IsEmpty), "it was");
        }),
        Check.Must("AC-03", "what is inlined when it is asked for is the content", async scenario =>
        {
            ProbeBlob output = await scenario.AddAsync();
            Reapi.ActionResult found = await scenario.Client.GetResultAsync(
                new Reapi.GetActionResultRequest { ActionDigest = await KeepAsync(scenario, ResultOf(output)), InlineOutputFiles = { "out" }, InlineStdout = true }, scenario.Token);
            Require(found.OutputFiles is [var file] && file.Digest.Equals(output.Wire), "the digest is gone");
            Require(found.OutputFiles[0].Contents.IsEmpty || found.OutputFiles[0].Contents.Span.SequenceEqual(output.Content), "it is something else");
        }),
        Check.Must("AC-05", "an update without a digest is INVALID_ARGUMENT", scenario =>
        {
            NeedUpdates(scenario);
            return RefusesAsync(scenario.Client.UpdateResultAsync(null, new Reapi.ActionResult { ExitCode = 1 }, scenario.Token), StatusCode.InvalidArgument);
        }),
        Check.Must("AC-06", "the answer to an update is what was kept", async scenario =>
        {
            NeedUpdates(scenario);
            ProbeBlob output = await scenario.AddAsync();
            Reapi.ActionResult kept = await scenario.Client.UpdateResultAsync(await NewActionAsync(scenario), ResultOf(output), scenario.Token);
            Require(kept.OutputFiles is [var file] && file.Digest.Equals(output.Wire), "it is something else");
        }),
        Check.Should("AC-08", "an update that is not allowed is PERMISSION_DENIED", async scenario =>
        {
            Need(scenario.Cache.ActionCacheUpdateCapabilities is { UpdateEnabled: false }, "updates are allowed");
            await RefusesAsync(scenario.Client.UpdateResultAsync(scenario.NewBlob().Wire, new Reapi.ActionResult { ExitCode = 1 }, scenario.Token), StatusCode.PermissionDenied);
        }),
        Check.Should("AC-09", "an empty result is refused", async scenario =>
        {
            NeedUpdates(scenario);
            await RefusesAsync(scenario.Client.UpdateResultAsync(await NewActionAsync(scenario), new Reapi.ActionResult(), scenario.Token), StatusCode.InvalidArgument);
        }),
        Check.Must("AC-10", "a result is that of its action alone", async scenario =>
        {
            await KeepAsync(scenario, ResultOf(await scenario.AddAsync()));
            await RefusesAsync(FindAsync(scenario, await NewActionAsync(scenario)), StatusCode.NotFound);
        }),
        Check.Should("AC-11", "the last writer wins", async scenario =>
        {
            ProbeBlob first = await scenario.AddAsync(), second = await scenario.AddAsync();
            Reapi.Digest action = await KeepAsync(scenario, ResultOf(first));
            await scenario.Client.UpdateResultAsync(action, ResultOf(second), scenario.Token);
            Require((await FindAsync(scenario, action)).OutputFiles[0].Digest.Equals(second.Wire), "the first one is still there");
        }),
    ];

    private static Reapi.ActionResult ResultOf(ProbeBlob output) => new()
    {
        OutputFiles = { new Reapi.OutputFile { Path = "out", Digest = output.Wire } },
        ExecutionMetadata = new Reapi.ExecutedActionMetadata { Worker = "none: a probe has made it up" },
    };

    private static void NeedUpdates(Scenario scenario) => Need(scenario.Cache.ActionCacheUpdateCapabilities is { UpdateEnabled: true }, "results can't be updated, by this caller");

    private static async Task<Reapi.Digest> KeepAsync(Scenario scenario, Reapi.ActionResult result)
    {
        NeedUpdates(scenario);
        Reapi.Digest action = await NewActionAsync(scenario);
        await scenario.Client.UpdateResultAsync(action, result, scenario.Token);
        return action;
    }

    // Some servers want action and command in the CAS before they keep a result.
    private static async Task<Reapi.Digest> NewActionAsync(Scenario scenario)
    {
        ProbeBlob command = await scenario.AddAsync(ProbeBlob.Of(new Reapi.Command { Arguments = { "true" }, OutputPaths = { "out" } }));
        var action = new Reapi.Action { CommandDigest = command.Wire, InputRootDigest = new ProbeBlob([]).Wire, Salt = ByteString.CopyFrom(scenario.NewBlob(16).Content) };
        return (await scenario.AddAsync(ProbeBlob.Of(action))).Wire;
    }

    private static Task<Reapi.ActionResult> FindAsync(Scenario scenario, Reapi.Digest action) =>
        scenario.Client.GetResultAsync(new Reapi.GetActionResultRequest { ActionDigest = action }, scenario.Token);
}
