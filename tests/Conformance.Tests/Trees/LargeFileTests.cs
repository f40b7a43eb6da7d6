using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Trees;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Push;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Conformance.Tests.Trees;

/// <summary>Large files in directories that are pushed to a server, and pulled from it.</summary>
public sealed class LargeFileTests
{
    private const int Large = 40 * 1024 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_small_change_of_a_large_file_moves_little_either_way()
    {
        await using CasServer server = await CasServer.StartAsync();
        using var directory = new TemporaryDirectory();
        byte[] content = WriteLarge(directory["from", "file"]);
        PushedTree first = await PushAsync(server, directory);
        await PullAsync(server, directory, first.Root);
        Random.Shared.NextBytes(content.AsSpan(Large / 2, Large / 100));
        File.WriteAllBytes(directory["from", "file"], [1, 2, 3, .. content]); // everything behind is moved as well

        PushedTree second = await PushAsync(server, directory);
        PulledTree pulled = await PullAsync(server, directory, second.Root);

        Assert.InRange(first.SentBytes, Large, Large + 1000);
        Assert.InRange(second.SentBytes, Large / 100, Large / 5); // in 40 MiB, a chunk is more than one per cent
        Assert.InRange(pulled.FetchedBytes, Large / 100, Large / 5);
        Assert.Equal(File.ReadAllBytes(directory["from", "file"]), File.ReadAllBytes(directory["to", "file"]));
    }

    [Fact]
    public async Task What_was_sent_of_a_large_file_before_it_was_broken_off_is_not_sent_again()
    {
        await using CasServer server = await CasServer.StartAsync();
        using var directory = new TemporaryDirectory();
        WriteLarge(directory["from", "file"]);
        using var enough = new BreakOff(Large * 3 / 4);
        TreePush push = await ScanAsync(server, directory);
        push.Hash(new Progress<long>(), Token);
        await push.FindMissingAsync(Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => push.UploadAsync(enough, enough.Token));

        PushedTree pushed = await PushAsync(server, directory);

        Assert.InRange(pushed.SentBytes, 1, Large - (10 * 1024 * 1024)); // the rest may have been on its way
        await PullAsync(server, directory, pushed.Root);
        Assert.Equal(File.ReadAllBytes(directory["from", "file"]), File.ReadAllBytes(directory["to", "file"]));
    }

    [Fact]
    public async Task What_was_fetched_of_a_large_file_before_it_was_broken_off_is_not_fetched_again()
    {
        await using CasServer server = await CasServer.StartAsync();
        using var directory = new TemporaryDirectory();
        byte[] content = WriteLarge(directory["from", "file"]);
        PushedTree pushed = await PushAsync(server, directory);
        Directory.CreateDirectory(directory[".to.pull", "tree"]);
        File.WriteAllBytes(directory[".to.pull", "tree", "file"], content[..(Large / 2)]); // as far as it came

        PulledTree pulled = await PullAsync(server, directory, pushed.Root);

        Assert.InRange(pulled.FetchedBytes, 1, (Large / 2) + (4 * 1024 * 1024));
        Assert.Equal(content, File.ReadAllBytes(directory["to", "file"]));
    }

    [Fact]
    public async Task A_large_file_that_was_changed_while_it_was_pushed_is_told()
    {
        await using CasServer server = await CasServer.StartAsync();
        using var directory = new TemporaryDirectory();
        WriteLarge(directory["from", "file"]);
        TreePush push = await ScanAsync(server, directory);
        push.Hash(new Progress<long>(), Token);
        await push.FindMissingAsync(Token);
        WriteLarge(directory["from", "file"]);

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => push.UploadAsync(new Progress<long>(), Token));

        Assert.Equal("'file' was changed while it was pushed; push again", exception.Message);
    }

    /// <summary>Gives up after so many bytes.</summary>
    private sealed class BreakOff(long bytes) : IProgress<long>, IDisposable
    {
        private readonly CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        private long done;

        public CancellationToken Token => source.Token;

        public void Report(long value)
        {
            done += value;
            if (done >= bytes)
                source.Cancel();
        }

        public void Dispose() => source.Dispose();
    }

    private static byte[] WriteLarge(string path)
    {
        byte[] content = new byte[Large];
        Random.Shared.NextBytes(content);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return content;
    }

    private static CasClient ClientOf(CasServer server) => new(server.Channel, default, TimeSpan.Zero, TimeProvider.System);

    private static IBlobStore StoreOf(CasServer server) => new EmptyBlobStore(new RemoteStore(server.Channel, TimeSpan.Zero, TimeProvider.System, gathers: true));

    private static Task<TreePush> ScanAsync(CasServer server, TemporaryDirectory directory) =>
        TreePush.ScanAsync(directory["from"], StoreOf(server), ClientOf(server), new TreePushOptions { State = new StateFiles(directory["state"]) }, TimeProvider.System, Token);

    private static async Task<PushedTree> PushAsync(CasServer server, TemporaryDirectory directory) => await (await ScanAsync(server, directory)).RunAsync(new Progress<long>(), Token);

    private static async Task<PulledTree> PullAsync(CasServer server, TemporaryDirectory directory, Digest root)
    {
        var options = new TreePullOptions { State = new StateFiles(directory["state"]) };
        using TreePull pull = TreePull.Look(directory["to"], root, StoreOf(server), ClientOf(server), options, TimeProvider.System, Token);
        return await pull.RunAsync(new Progress<long>(), Token);
    }
}
