using System.Buffers;
using RemoteExec.Cas.Chunking;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using ChunkingFunction = Build.Bazel.Remote.Execution.V2.ChunkingFunction.Types.Value;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class ChunkedStoreTests
{
    private const int MiB = 1024 * 1024;
    private readonly CountingStore media = new(new MemoryStore(256 * MiB));
    private readonly ChunkedStore store;
    private readonly IBlobStore cas;
    private readonly BlobChunks chunks;

    public ChunkedStoreTests()
    {
        store = new ChunkedStore(media);
        cas = new EmptyBlobStore(new VerifyingStore(store));
        chunks = new BlobChunks(cas, store);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Rule("CAS-32")]
    [Rule("CAS-41")]
    public async Task A_splice_writes_a_list_and_copies_nothing()
    {
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(1, MiB, 700_000, 3);
        media.Written = 0;

        await chunks.SpliceAsync(blob.Digest, [.. parts.Select(part => part.Digest)], Token);

        Assert.InRange(media.Written, 1, 200);
        Assert.Equal(blob.Content, await cas.ReadAllAsync(blob.Digest, int.MaxValue, Token));
        Assert.Equal(blob.Content, await cas.ReadAllAsync(blob.Digest.WithoutSize(), int.MaxValue, Token));
        Assert.Equal(blob.Content[^700_003..], await ReadAsync(blob.Digest, MiB));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(MiB - 1)]
    [InlineData(MiB)]
    [InlineData(MiB + 1)]
    [InlineData(MiB + 700_002)]
    [InlineData(MiB + 700_003)]
    public async Task It_is_read_from_any_offset(int offset)
    {
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(1, MiB, 700_000, 3);
        await chunks.SpliceAsync(blob.Digest, [.. parts.Select(part => part.Digest)], Token);

        Assert.Equal(blob.Content[offset..], await ReadAsync(blob.Digest, offset));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(MiB + 700_004)]
    public async Task It_is_not_read_from_outside(int offset)
    {
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(1, MiB, 700_000, 3);
        await chunks.SpliceAsync(blob.Digest, [.. parts.Select(part => part.Digest)], Token);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await cas.OpenReadAsync(blob.Digest, offset, Token));
    }

    [Fact]
    [Rule("CAS-04")]
    public async Task It_is_missing_as_soon_as_a_chunk_is_and_there_again_with_it()
    {
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(1, MiB, 700_000);
        await chunks.SpliceAsync(blob.Digest, [.. parts.Select(part => part.Digest)], Token);

        media.Gone.Add(parts[1].Digest);
        Assert.Equal([blob.Digest], await cas.FindMissingAsync([parts[0].Digest, blob.Digest, blob.Digest], Token));
        Assert.Null(await cas.OpenReadAsync(blob.Digest, 0, Token));

        media.Gone.Clear();
        Assert.Empty(await cas.FindMissingAsync([blob.Digest], Token));
    }

    [Fact]
    [Rule("CAS-40")]
    [Rule("BSR-08")]
    public async Task A_chunk_that_is_lost_while_it_is_read_is_an_error_that_names_the_blob()
    {
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(1, MiB, 700_000);
        await chunks.SpliceAsync(blob.Digest, [.. parts.Select(part => part.Digest)], Token);
        await using BlobReader? reader = await cas.OpenReadAsync(blob.Digest, 0, Token);
        var first = new byte[MiB];
        for (int filled = 0; filled < first.Length;)
            filled += await reader!.ReadAsync(first.AsMemory(filled), Token);

        media.Gone.Add(parts[1].Digest);
        BlobCorruptException error = await Assert.ThrowsAsync<BlobCorruptException>(async () => await reader!.ReadAsync(first, Token));

        Assert.Equal(blob.Digest, error.Digest);
        Assert.False(await cas.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    [Rule("CAS-40")]
    [Rule("BSR-08")]
    public async Task A_chunk_that_is_damaged_is_an_error_that_names_the_blob()
    {
        var faulty = new FaultyStore(new MemoryStore(8 * MiB));
        var over = new ChunkedStore(faulty);
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(over, 1, MiB, 700_000);
        await new BlobChunks(over, over).SpliceAsync(blob.Digest, [.. parts.Select(part => part.Digest)], Token);

        faulty.Before = (operation, digest) => operation == StoreOperation.Read && digest == parts[1].Digest ? throw new BlobCorruptException(digest!.Value) : ValueTask.CompletedTask;

        BlobCorruptException error = await Assert.ThrowsAsync<BlobCorruptException>(async () => await over.ReadAllAsync(blob.Digest, int.MaxValue, Token));
        Assert.Equal(blob.Digest, error.Digest);
    }

    [Fact]
    [Rule("CAS-02")]
    public async Task Asking_for_it_is_a_use_of_its_chunks()
    {
        var small = new ChunkedStore(new MemoryStore(4 * MiB));
        var splicer = new BlobChunks(small, small);
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(small, 1, MiB, MiB);
        await splicer.SpliceAsync(blob.Digest, [.. parts.Select(part => part.Digest)], Token);

        for (int i = 10; i < 20; i++)
        {
            Assert.Empty(await small.FindMissingAsync([blob.Digest], Token));
            TestBlob other = TestBlob.Random(i, MiB);
            await small.WriteAllAsync(other.Digest, other.Content, Token);
        }

        Assert.Equal(blob.Content, await small.ReadAllAsync(blob.Digest, int.MaxValue, Token));
    }

    [Fact]
    [Rule("CAS-32")]
    public async Task Chunks_that_do_not_make_the_blob_leave_nothing()
    {
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(1, MiB, MiB);

        await Assert.ThrowsAsync<BlobMismatchException>(async () => await chunks.SpliceAsync(blob.Digest, [parts[1].Digest, parts[0].Digest], Token));

        Assert.False(await cas.ContainsAsync(blob.Digest, Token));
        Assert.False(await media.ContainsAsync(blob.Digest.RecipeKey(), Token));
    }

    [Fact]
    public async Task What_is_spliced_of_spliced_blobs_is_made_of_their_chunks()
    {
        (TestBlob one, TestBlob[] parts) = await PartsAsync(1, MiB, 600_000);
        await chunks.SpliceAsync(one.Digest, [.. parts.Select(part => part.Digest)], Token);
        TestBlob twice = TestBlob.Of([.. one.Content, .. parts[0].Content, .. one.Content]);

        await chunks.SpliceAsync(twice.Digest, [one.Digest, parts[0].Digest, one.Digest], Token);

        Recipe? recipe = await store.FindRecipeAsync(twice.Digest, Token);
        Assert.Equal([parts[0].Digest, parts[1].Digest, parts[0].Digest, parts[0].Digest, parts[1].Digest], recipe!.Chunks);
        Assert.Equal(twice.Content, await cas.ReadAllAsync(twice.Digest, int.MaxValue, Token));
    }

    [Fact]
    public async Task A_list_that_would_not_fit_into_memory_is_not_made()
    {
        (TestBlob part, TestBlob[] parts) = await PartsAsync(1, [.. Enumerable.Repeat(16 * 1024, 64)]);
        await chunks.SpliceAsync(part.Digest, [.. parts.Select(piece => piece.Digest)], Token);
        Digest[] repeated = [.. Enumerable.Repeat(part.Digest, 100_000)];
        Digest claimed = Digest.Create(default, DigestFunction.Sha256, TestBlob.Random(2, 1).Digest.HashSpan, part.Digest.SizeBytes * repeated.Length);

        // It is written like any other blob then, and there is no room for it.
        await Assert.ThrowsAsync<StoreFullException>(async () => await chunks.SpliceAsync(claimed, repeated, Token));
    }

    [Fact]
    public async Task What_is_spliced_of_crumbs_is_copied()
    {
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(1, [.. Enumerable.Repeat(10_000, 60)]);
        media.Written = 0;

        await chunks.SpliceAsync(blob.Digest, [.. parts.Select(part => part.Digest)], Token);

        Assert.Equal(600_000, media.Written);
        Assert.Equal(blob.Content, await cas.ReadAllAsync(blob.Digest, int.MaxValue, Token));
    }

    [Theory]
    [Rule("CAS-28")]
    [Rule("CAS-30")]
    [InlineData(ChunkingFunction.FastCdc2020)]
    [InlineData(ChunkingFunction.RepMaxCdc)]
    public async Task After_a_split_the_blob_is_made_of_its_chunks_and_its_copy_is_gone(ChunkingFunction function)
    {
        TestBlob blob = TestBlob.Random(1, 6 * MiB);
        await cas.WriteAllAsync(blob.Digest, blob.Content, Token);

        Recipe? recipe = await chunks.SplitAsync(blob.Digest, function, Token);

        Assert.Equal(function, recipe!.Function);
        Assert.False(await media.ContainsAsync(blob.Digest, Token));
        Assert.True(await cas.ContainsAsync(blob.Digest, Token));
        Assert.Equal(blob.Content, await cas.ReadAllAsync(blob.Digest, int.MaxValue, Token));
    }

    [Fact]
    public async Task A_copy_that_comes_beside_a_recipe_falls_out_of_use()
    {
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(1, MiB, 700_000);
        await cas.WriteAllAsync(blob.Digest, blob.Content, Token);
        await media.WriteAllAsync(blob.Digest.RecipeKey(), new Recipe(ChunkingFunction.Unknown, [.. parts.Select(part => part.Digest)]).Encode(), Token);
        media.Gone.Add(blob.Digest);

        Assert.True(await cas.ContainsAsync(blob.Digest, Token));
        Assert.Equal(blob.Content, await cas.ReadAllAsync(blob.Digest, int.MaxValue, Token));
        Assert.DoesNotContain(blob.Digest, media.Used);
    }

    [Fact]
    public async Task Splitting_it_another_way_changes_its_chunks_and_not_the_blob()
    {
        TestBlob blob = TestBlob.Random(1, 6 * MiB);
        await cas.WriteAllAsync(blob.Digest, blob.Content, Token);
        Recipe? first = await chunks.SplitAsync(blob.Digest, ChunkingFunction.FastCdc2020, Token);

        Recipe? second = await chunks.SplitAsync(blob.Digest, ChunkingFunction.RepMaxCdc, Token);

        Assert.NotEqual(first!.Chunks, second!.Chunks);
        Assert.Equal(blob.Content, await cas.ReadAllAsync(blob.Digest, int.MaxValue, Token));
    }

    [Fact]
    public async Task A_second_split_reads_no_chunk_and_writes_nothing()
    {
        TestBlob blob = TestBlob.Random(1, 6 * MiB);
        await cas.WriteAllAsync(blob.Digest, blob.Content, Token);
        Recipe? first = await chunks.SplitAsync(blob.Digest, ChunkingFunction.RepMaxCdc, Token);
        (media.Written, media.Read) = (0, 0);

        Recipe? second = await chunks.SplitAsync(blob.Digest, ChunkingFunction.Unknown, Token);

        Assert.Equal(first!.Chunks, second!.Chunks);
        Assert.Equal(ChunkingFunction.RepMaxCdc, second.Function);
        Assert.Equal(0, media.Written);
        Assert.InRange(media.Read, 1, 10_000);
    }

    [Fact]
    [Rule("CAS-31")]
    public async Task Two_builds_that_differ_in_a_hundredth_share_four_fifths()
    {
        (byte[] first, byte[] second) = DifferingBuilds.Make(32 * MiB, pieces: 8);
        foreach (byte[] build in (byte[][])[first, second])
        {
            TestBlob blob = TestBlob.Of(build);
            await cas.WriteAllAsync(blob.Digest, build, Token);
            media.Written = 0;
            await chunks.SplitAsync(blob.Digest, ChunkingFunction.RepMaxCdc, Token);
        }

        Assert.InRange(media.Written, 1, second.Length / 5);
    }

    [Fact]
    [Rule("CAS-28")]
    [Rule("DIG-15")]
    public async Task Blobs_of_every_digest_function_are_split_and_spliced()
    {
        byte[] content = TestBlob.Random(1, 3 * MiB).Content;
        foreach (DigestFunction function in DigestFunctions.Supported)
        {
            TestBlob blob = TestBlob.Of(content, "some/instance", function), twice = TestBlob.Of([.. content, .. content], "some/instance", function);
            await cas.WriteAllAsync(blob.Digest, content, Token);

            Recipe? recipe = await chunks.SplitAsync(blob.Digest, ChunkingFunction.RepMaxCdc, Token);
            await chunks.SpliceAsync(twice.Digest, [.. recipe!.Chunks, .. recipe.Chunks], Token);

            Assert.All(recipe.Chunks, chunk => Assert.Equal((function, "some/instance"), (chunk.Function, chunk.Instance.Value)));
            Assert.Equal(twice.Content, await cas.ReadAllAsync(twice.Digest, int.MaxValue, Token));
        }
    }

    [Fact]
    public async Task More_blobs_than_are_split_at_a_time_wait_for_each_other()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, BlobChunks.MaxSplits + 3).Select(i => TestBlob.Random(i, 2 * MiB))];
        foreach (TestBlob blob in blobs)
            await cas.WriteAllAsync(blob.Digest, blob.Content, Token);
        int open = 0, most = 0;
        media.BeforeWrite = async () =>
        {
            most = Math.Max(most, Interlocked.Increment(ref open));
            await Task.Yield();
            Interlocked.Decrement(ref open);
        };

        Recipe?[] recipes = await Task.WhenAll(blobs.Select(blob => chunks.SplitAsync(blob.Digest, ChunkingFunction.RepMaxCdc, Token).AsTask()));

        Assert.All(recipes, Assert.NotNull);
        Assert.InRange(most, 1, BlobChunks.MaxSplits);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await chunks.SplitAsync(TestBlob.Random(99, 10).Digest, ChunkingFunction.Unknown, new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task A_recipe_that_is_damaged_is_none()
    {
        (TestBlob blob, TestBlob[] parts) = await PartsAsync(1, MiB, 700_000);
        byte[] good = new Recipe(ChunkingFunction.Unknown, [.. parts.Select(part => part.Digest)]).Encode();
        foreach (byte[] bad in (byte[][])[[], [1], [1, 0], good[..^1], [2, .. good[1..]], [.. good, .. good[2..]], [.. good[..2], .. Enumerable.Repeat((byte)0x7f, good.Length - 2)], [.. good[..2], .. new byte[good.Length - 2]]])
        {
            await media.WriteAllAsync(blob.Digest.RecipeKey(), bad, Token);
            Assert.False(await cas.ContainsAsync(blob.Digest, Token));
        }

        await media.WriteAllAsync(blob.Digest.RecipeKey(), good, Token);
        Assert.True(await cas.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    public void No_request_can_name_a_recipe()
    {
        Digest key = TestBlob.Random(1, 10).Digest.RecipeKey();

        Assert.NotEqual(TestBlob.Random(1, 10).Digest, key);
        Assert.False(Digest.TryParse(default, key.Function, new Reapi.Digest { Hash = key.Hash, SizeBytes = 10 }, out _, out _));
        Assert.Equal(DigestFunction.Unknown, DigestFunctions.FromName(key.Function.Name()));
    }

    private Task<(TestBlob Blob, TestBlob[] Parts)> PartsAsync(int seed, params int[] lengths) => PartsAsync(cas, seed, lengths);

    private static async Task<(TestBlob Blob, TestBlob[] Parts)> PartsAsync(IBlobStore target, int seed, params int[] lengths)
    {
        TestBlob[] parts = [.. lengths.Select((length, i) => TestBlob.Random((seed * 1000) + i, length))];
        foreach (TestBlob part in parts)
            await target.WriteAllAsync(part.Digest, part.Content, Token);
        return (TestBlob.Of([.. parts.SelectMany(part => part.Content)]), parts);
    }

    private async Task<byte[]> ReadAsync(Digest digest, long offset)
    {
        await using BlobReader? reader = await cas.OpenReadAsync(digest, offset, Token);
        var content = new ArrayBufferWriter<byte>();
        for (int read; (read = await reader!.ReadAsync(content.GetMemory(100_000), Token)) > 0;)
            content.Advance(read);
        return content.WrittenSpan.ToArray();
    }
}
