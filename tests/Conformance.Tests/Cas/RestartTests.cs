using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.Cas;

/// <summary>What a <see cref="RemoteStore"/> does while its server restarts.</summary>
public sealed class RestartTests : StoreFixture
{
    private const int MiB = 1024 * 1024;
    private readonly ManualTimeProvider time = new();
    private readonly FaultyStore media = new(new MemoryStore(256 * MiB));
    private readonly UploadSessions sessions = new(new UploadSessionsOptions(), TimeProvider.System);
    private InProcessServer server = null!;

    protected override async ValueTask<IBlobStore> CreateStoreAsync()
    {
        server = await InProcessServer.StartAsync(ServicesOver(media));
        return new RemoteStore(server.Channel, RemoteStore.DefaultPatience, time);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await server.DisposeAsync();
        await sessions.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(3 * MiB)]
    public async Task A_restart_between_calls_goes_unnoticed(int length)
    {
        TestBlob blob = TestBlob.Random(1, length);
        Assert.Equal([blob.Digest], await Store.FindMissingAsync([blob.Digest], Token));

        await RestartAsync();
        await RunAsync(Store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask());
        await RestartAsync();
        Assert.Equal(blob.Content, await RunAsync(Store.ReadAllAsync(blob.Digest, 4 * MiB, Token).AsTask()));
        await RestartAsync();
        Assert.Empty(await RunAsync(Store.FindMissingAsync([blob.Digest], Token).AsTask()));
    }

    [Theory]
    [InlineData(StoreOperation.FindMissing)]
    [InlineData(StoreOperation.Read)]
    [InlineData(StoreOperation.Write)]
    public async Task A_call_to_a_server_that_is_away_waits_for_it(StoreOperation operation)
    {
        TestBlob blob = await AddAsync(TestBlob.Random(1, 2 * MiB));
        await server.StopAsync();

        Task<bool> call = CallAsync(operation, operation == StoreOperation.Write ? TestBlob.Random(2, 2 * MiB) : blob);
        await WaitForBackoffAsync(call);
        await server.StartAgainAsync(ServicesOver(media));

        Assert.True(await RunAsync(call));
    }

    [Theory]
    [InlineData(StoreOperation.FindMissing)]
    [InlineData(StoreOperation.Read)]
    [InlineData(StoreOperation.Write)]
    public async Task A_server_that_stays_away_is_waited_for_no_longer_than_told(StoreOperation operation)
    {
        TestBlob blob = TestBlob.Random(1, 2 * MiB);
        await server.StopAsync();
        DateTimeOffset begun = time.GetUtcNow();

        Task<bool> call = CallAsync(operation, blob);
        StoreUnavailableException exception = await Assert.ThrowsAsync<StoreUnavailableException>(() => RunAsync(call));

        Assert.False(exception.MayBeginAnew);
        Assert.InRange(time.GetUtcNow() - begun, RemoteStore.DefaultPatience, RemoteStore.DefaultPatience * 2);
        await server.StartAgainAsync();
    }

    [Fact]
    public async Task Who_waits_for_a_server_can_give_up()
    {
        using var cancelled = new CancellationTokenSource();
        await server.StopAsync();
        Task call = Store.ReadAllAsync(TestBlob.Random(1, 10).Digest, 10, cancelled.Token).AsTask();
        await WaitForBackoffAsync(call);

        await cancelled.CancelAsync();

        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(cancelled.Token, exception.CancellationToken);
        await server.StartAgainAsync();
    }

    [Fact]
    public async Task What_the_server_refuses_is_not_asked_again()
    {
        int calls = 0;
        await server.StopAsync();
        await server.StartAgainAsync(new RpcService(Google.Bytestream.BytestreamReflection.Descriptor, "ByteStream").Raw("Read", _ =>
        {
            calls++;
            throw new RpcException(StatusCode.PermissionDenied, "not you");
        }));

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await Store.ReadAllAsync(TestBlob.Random(1, 10).Digest, 10, Token));

        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task A_read_that_breaks_off_goes_on_where_it_stood()
    {
        const int Before = 5 * MiB;
        TestBlob blob = await AddAsync(TestBlob.Random(1, 40 * MiB));
        await using BlobReader? reader = await Store.OpenReadAsync(blob.Digest, 0, Token);
        var content = new byte[blob.Content.Length];
        Assert.NotNull(reader);
        await ReadExactlyAsync(reader, content.AsMemory(0, Before));

        // What is read a second time would be read wrong.
        var other = new MemoryStore(256 * MiB);
        await other.WriteAllAsync(blob.Digest, (byte[])[.. new byte[Before], .. blob.Content[Before..]], Token);
        await server.StopAsync();
        await server.StartAgainAsync(ServicesOver(other));
        await RunAsync(ReadExactlyAsync(reader, content.AsMemory(Before)));

        Assert.Equal(blob.Content, content);
        Assert.Equal(0, await reader.ReadAsync(new byte[1], Token));
    }

    [Fact]
    public async Task A_blob_that_is_gone_when_its_server_is_back_fails_the_read()
    {
        TestBlob blob = await AddAsync(TestBlob.Random(1, 40 * MiB));
        await using BlobReader? reader = await Store.OpenReadAsync(blob.Digest, 0, Token);
        Assert.NotNull(reader);
        await ReadExactlyAsync(reader, new byte[100]);

        await server.StopAsync();
        await server.StartAgainAsync(ServicesOver(new MemoryStore(MiB)));

        await Assert.ThrowsAsync<StoreUnavailableException>(() => RunAsync(ReadExactlyAsync(reader, new byte[blob.Content.Length - 100])));
    }

    [Fact]
    public async Task A_small_write_that_breaks_off_is_repeated()
    {
        TestBlob blob = TestBlob.Random(1, MiB);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        media.Before = async (operation, _) =>
        {
            if (operation != StoreOperation.OpenWrite || !reached.TrySetResult())
                return;
            await hold.Task;
            throw new StoreUnavailableException("disk", null);
        };

        Task write = Store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask();
        await reached.Task;
        await server.StopAsync();
        hold.SetResult();
        await server.StartAgainAsync(ServicesOver(media));
        await RunAsync(write);

        Assert.Equal(blob.Content, await media.ReadAllAsync(blob.Digest, MiB, Token));
    }

    [Fact]
    public async Task A_large_write_that_breaks_off_can_be_begun_anew()
    {
        TestBlob blob = TestBlob.Random(1, 40 * MiB);
        await using (BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, 0, 2 * MiB), Token);
            await RestartAsync();

            StoreUnavailableException exception = await Assert.ThrowsAsync<StoreUnavailableException>(
                async () => await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, 2 * MiB, 38 * MiB), Token));
            Assert.True(exception.MayBeginAnew);
        }

        await RunAsync(Store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask());

        Assert.Equal(blob.Content, await media.ReadAllAsync(blob.Digest, blob.Content.Length, Token));
    }

    private async Task<bool> CallAsync(StoreOperation operation, TestBlob blob)
    {
        switch (operation)
        {
            case StoreOperation.FindMissing:
                return (await Store.FindMissingAsync([blob.Digest], Token)).Count == 0;
            case StoreOperation.Read:
                return (await Store.ReadAllAsync(blob.Digest, blob.Content.Length, Token))!.SequenceEqual(blob.Content);
            default:
                await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
                return await media.ContainsAsync(blob.Digest, Token);
        }
    }

    private RpcService[] ServicesOver(IBlobStore store)
    {
        var limits = new CasLimits();
        return [new CasService(store, null, limits).ToRpcService(), new ByteStreamService(store, sessions, limits).ToRpcService()];
    }

    private async Task<TestBlob> AddAsync(TestBlob blob)
    {
        await media.WriteAllAsync(blob.Digest, blob.Content, Token);
        return blob;
    }

    private async Task RestartAsync()
    {
        await server.StopAsync();
        await server.StartAgainAsync(ServicesOver(media));
    }

    private async Task WaitForBackoffAsync(Task call)
    {
        while (time.WaitingTimers == 0 && !call.IsCompleted)
            await Task.Delay(1, Token);
    }

    /// <summary>Waits for the end of a call, and lets the time pass that it waits for.</summary>
    private async Task<T> RunAsync<T>(Task<T> call)
    {
        await RunAsync((Task)call);
        return await call;
    }

    private async Task RunAsync(Task call)
    {
        while (!call.IsCompleted)
        {
            await WaitForBackoffAsync(call);
            time.Advance(TimeSpan.FromMilliseconds(100));
        }

        await call;
    }
}
