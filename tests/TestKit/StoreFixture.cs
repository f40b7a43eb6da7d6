using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.TestKit;

/// <summary>The store that a test is about, and what the tests of stores assert again and again.</summary>
public abstract class StoreFixture : IAsyncLifetime
{
    /// <summary>The store under test: new and empty, with room for 100 MiB.</summary>
    protected IBlobStore Store { get; private set; } = null!;

    /// <summary>The token of the test that runs.</summary>
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Makes the store under test. It is disposed with the test if it is disposable; what lies behind it is the caller's to dispose.</summary>
    protected abstract ValueTask<IBlobStore> CreateStoreAsync();

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => Store = await CreateStoreAsync();

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        if (Store is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>The same hash with another size.</summary>
    protected static Digest Resized(in Digest digest, long sizeBytes) => Digest.Create(digest.Instance, digest.Function, digest.HashSpan, sizeBytes);

    /// <summary>Reads what is left.</summary>
    protected static async Task<byte[]> ReadToEndAsync(BlobReader reader, int bufferLength)
    {
        var content = new ArrayBufferWriter<byte>();
        var buffer = new byte[bufferLength];
        for (int read = await reader.ReadAsync(buffer, Token); read > 0; read = await reader.ReadAsync(buffer, Token))
            content.Write(buffer.AsSpan(0, read));
        return content.WrittenSpan.ToArray();
    }

    /// <summary>Reads a buffer full.</summary>
    protected static async Task ReadExactlyAsync(BlobReader reader, Memory<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int read = await reader.ReadAsync(destination, Token);
            Assert.NotEqual(0, read);
            destination = destination[read..];
        }
    }

    /// <summary>Asserts that a value is there and is this.</summary>
    protected async Task AssertReadsAsync(Digest digest, byte[] expected)
    {
        await using BlobReader? reader = await Store.OpenReadAsync(digest, 0, Token);
        Assert.NotNull(reader);
        Assert.Equal(expected.Length, reader.Length);
        Assert.Equal(expected, await ReadToEndAsync(reader, 65536));
    }

    /// <summary>Asserts that both ways of looking find nothing.</summary>
    protected async Task AssertAbsentAsync(Digest digest)
    {
        Assert.Equal([digest], await Store.FindMissingAsync([digest], Token));
        Assert.Null(await Store.OpenReadAsync(digest, 0, Token));
    }
}
