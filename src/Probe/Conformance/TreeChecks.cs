using RemoteExec.Protocol;
using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;

namespace RemoteExec.Probe.Conformance;

/// <summary>GetTree.</summary>
internal static class TreeChecks
{
    private const int Children = 5;

    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Must("CAS-20", "a tree whose root is absent is NOT_FOUND", async scenario =>
        {
            _ = scenario.NewBlob();
            await RefusesAsync(scenario.Client.GetTreeAsync(new Reapi.GetTreeRequest { RootDigest = DirectoryOf(scenario, []).Wire }, scenario.Token), StatusCode.NotFound);
        }),
        Check.Must("CAS-22", "every directory that is reachable comes", async scenario =>
        {
            ProbeBlob[] tree = await AddTreeAsync(scenario);
            IReadOnlyList<Reapi.Directory> directories = await ReadAsync(scenario, tree[0]);
            Require(directories.Select(ProbeBlob.Of).Select(blob => blob.Wire).ToHashSet().SetEquals(tree.Select(blob => blob.Wire)), $"{directories.Count} came of {tree.Length}, or others");
        }),
        Check.Should("CAS-22", "each directory comes once, its parents before it", async scenario =>
        {
            ProbeBlob[] tree = await AddTreeAsync(scenario);
            IReadOnlyList<Reapi.Directory> directories = await ReadAsync(scenario, tree[0]);
            Require(directories.Count == tree.Length, $"{directories.Count} came of {tree.Length}");
            Require(ProbeBlob.Of(directories[0]).Wire.Equals(tree[0].Wire), "the first is not the root");
        }),
        Check.Must("CAS-21", "descendants that are missing are left out", async scenario =>
        {
            ProbeBlob there = await scenario.AddAsync(DirectoryOf(scenario, [])), absent = DirectoryOf(scenario, []);
            ProbeBlob root = await scenario.AddAsync(DirectoryOf(scenario, [there, absent]));
            Require((await ReadAsync(scenario, root)).Count == 2, "another number than of those that are there");
        }),
        Check.Must("CAS-23", "page_size bounds the directories in a response", async scenario =>
        {
            ProbeBlob[] tree = await AddTreeAsync(scenario);
            IReadOnlyList<Reapi.GetTreeResponse> pages = await scenario.Client.GetTreeAsync(new Reapi.GetTreeRequest { RootDigest = tree[0].Wire, PageSize = 2 }, scenario.Token);
            Require(pages.All(page => page.Directories.Count <= 2), $"a page has {pages.Max(page => page.Directories.Count)}");
        }),
        Check.Must("CAS-24", "a page token continues where its page ended", async scenario =>
        {
            ProbeBlob[] tree = await AddTreeAsync(scenario);
            Reapi.GetTreeResponse first = (await scenario.Client.GetTreeAsync(new Reapi.GetTreeRequest { RootDigest = tree[0].Wire, PageSize = 2 }, scenario.Token))[0];
            Need(first.NextPageToken.Length > 0, "all came on one page, although it was to have two");
            IReadOnlyList<Reapi.GetTreeResponse> rest = await scenario.Client.GetTreeAsync(new Reapi.GetTreeRequest { RootDigest = tree[0].Wire, PageSize = 2, PageToken = first.NextPageToken }, scenario.Token);
            var all = first.Directories.Concat(rest.SelectMany(page => page.Directories)).Select(directory => ProbeBlob.Of(directory).Wire).ToHashSet();
            Require(all.SetEquals(tree.Select(blob => blob.Wire)), $"with what came before, {all.Count} of {tree.Length} came");
        }),
        Check.Should("CAS-24", "a page token that is none is INVALID_ARGUMENT", async scenario =>
        {
            ProbeBlob[] tree = await AddTreeAsync(scenario);
            await RefusesAsync(scenario.Client.GetTreeAsync(new Reapi.GetTreeRequest { RootDigest = tree[0].Wire, PageToken = "no token" }, scenario.Token), StatusCode.InvalidArgument);
        }),
    ];

    // The root first.
    private static async Task<ProbeBlob[]> AddTreeAsync(Scenario scenario)
    {
        ProbeBlob leaf = DirectoryOf(scenario, []); // below each of the others
        ProbeBlob[] children = [.. Enumerable.Range(0, Children).Select(_ => DirectoryOf(scenario, [leaf]))];
        ProbeBlob[] all = [DirectoryOf(scenario, children), .. children, leaf];
        foreach (ProbeBlob blob in all)
            await scenario.AddAsync(blob);
        return all;
    }

    private static ProbeBlob DirectoryOf(Scenario scenario, IReadOnlyList<ProbeBlob> children)
    {
        var directory = new Reapi.Directory();
        directory.Files.Add(new Reapi.FileNode { Name = $"f-{scenario.NewBlob().Wire.Hash}", Digest = new ProbeBlob([]).Wire }); // no two alike
        for (int i = 0; i < children.Count; i++)
            directory.Directories.Add(new Reapi.DirectoryNode { Name = $"d{i}", Digest = children[i].Wire });
        return ProbeBlob.Of(CanonicalDirectory.Sort(directory));
    }

    private static async Task<IReadOnlyList<Reapi.Directory>> ReadAsync(Scenario scenario, ProbeBlob root) =>
        [.. (await scenario.Client.GetTreeAsync(new Reapi.GetTreeRequest { RootDigest = root.Wire }, scenario.Token)).SelectMany(page => page.Directories)];
}
