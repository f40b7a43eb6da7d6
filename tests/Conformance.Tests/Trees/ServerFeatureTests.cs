using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Trees;
using RemoteExec.Trees.Push;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Conformance.Tests.Trees;

/// <summary>What a server says of itself, and directories that are pushed to it.</summary>
public sealed class ServerFeatureTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_server_offers_is_known()
    {
        await using CasServer server = await CasServer.StartAsync();

        CasFeatures features = await ClientOf(server.Channel).FindFeaturesAsync(Token);

        Assert.Equal(DigestFunctions.Supported, features.DigestFunctions);
        Assert.True(features.AbsoluteTargets);
    }

    [Fact]
    public async Task An_absolute_symlink_is_refused_if_the_server_takes_none()
    {
        await using InProcessServer server = await StartAsync(new ServerFeatures { AbsoluteSymlinks = false });
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory["from", "dir"]);
        File.CreateSymbolicLink(directory["from", "dir", "link"], "/etc");

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => ScanAsync(server, directory, DigestFunction.Unknown));

        Assert.Equal(
            "the symlink 'dir/link' leads to '/etc', and this server allows relative targets only: make it relative, or leave it out with --exclude '/dir/link'", exception.Message);
    }

    [Fact]
    public async Task The_digest_function_is_one_that_the_server_has()
    {
        await using InProcessServer server = await StartAsync(new ServerFeatures { DigestFunctions = [DigestFunction.Blake3, DigestFunction.Sha1] });
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory["from"]);

        TreePush push = await ScanAsync(server, directory, DigestFunction.Unknown);
        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => ScanAsync(server, directory, DigestFunction.Sha256));

        Assert.Equal(DigestFunction.Blake3, (await push.RunAsync(new Progress<long>(), Token)).Root.Function);
        Assert.Equal("the server has no digest function sha256: write --digest-function and one of blake3, sha1", exception.Message);
    }

    [Fact]
    public async Task A_file_that_is_larger_than_the_server_takes_is_told_before_it_is_sent()
    {
        await using InProcessServer server = await StartAsync(new ServerFeatures { Limits = new CasLimits { MaxBlobBytes = 10 } });
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory["from"]);
        File.WriteAllText(directory["from", "file"], "more than ten bytes");
        TreePush push = await ScanAsync(server, directory, DigestFunction.Unknown);

        TreeException exception = Assert.Throws<TreeException>(() => push.Hash(new Progress<long>(), Token));

        Assert.Equal("'file' has 19 bytes, and the server takes at most 10: leave it out with --exclude '/file'", exception.Message);
    }

    [Fact]
    public async Task A_server_that_knows_no_references_is_told()
    {
        await using CasServer server = await CasServer.StartAsync();
        var references = new ReferenceClient(server.Channel, default, TimeSpan.Zero, TimeProvider.System);

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => references.FindAsync("nightly", Token));

        Assert.EndsWith("knows no named references: write a digest instead of 'nightly'", exception.Message, StringComparison.Ordinal);
    }

    private static Task<InProcessServer> StartAsync(ServerFeatures features) => InProcessServer.StartAsync(new CapabilitiesService(features).ToRpcService());

    private static CasClient ClientOf(Rpc.Client.RpcChannel channel) => new(channel, default, TimeSpan.Zero, TimeProvider.System);

    private static Task<TreePush> ScanAsync(InProcessServer server, TemporaryDirectory directory, DigestFunction function) => TreePush.ScanAsync(
        directory["from"], new MemoryStore(1024 * 1024), ClientOf(server.Channel), new TreePushOptions { Function = function }, TimeProvider.System, Token);
}
