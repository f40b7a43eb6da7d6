using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.TestKit;

/// <summary>
/// What every <see cref="IBlobStore"/> promises, for blobs that are what their digests name. Each store and each decorator inherits it; those
/// that also keep values that are not inherit <see cref="ValueStoreContract"/>.
/// </summary>
public abstract class BlobStoreContract : StoreFixture
{
    private const int MiB = 1024 * 1024;

    /// <summary>Lengths round the sizes of buffers and segments.</summary>
    public static TheoryData<int> Lengths { get; } =
        [0, 1, 2, 4095, 4096, 4097, 63 * 1024, (63 * 1024) + 1, 65535, 65536, 65537, 65 * 1024, MiB - 1, MiB, MiB + 1, (5 * MiB) + 3];

    [Theory]
    [Rule("CAS-04")]
    [MemberData(nameof(Lengths))]
    public async Task A_blob_reads_back_as_it_was_written(int length)
    {
        TestBlob blob = TestBlob.Random(length, length);

        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Empty(await Store.FindMissingAsync([blob.Digest], Token));
        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(65536)]
    [InlineData(1 << 20)]
    public async Task A_blob_reads_back_whatever_the_buffer(int bufferLength)
    {
        TestBlob blob = TestBlob.Random(1, bufferLength < 4096 ? 5_000 : (2 * MiB) + 17);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await using BlobReader? reader = await Store.OpenReadAsync(blob.Digest, 0, Token);
        Assert.NotNull(reader);

        byte[] content = await ReadToEndAsync(reader, bufferLength);

        Assert.Equal(blob.Content, content);
        Assert.Equal(0, await reader.ReadAsync(new byte[bufferLength], Token));
    }

    [Fact]
    public async Task An_empty_buffer_reads_nothing_and_loses_nothing()
    {
        TestBlob blob = TestBlob.Random(1, 100);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await using BlobReader? reader = await Store.OpenReadAsync(blob.Digest, 0, Token);
        Assert.NotNull(reader);

        Assert.Equal(0, await reader.ReadAsync(Memory<byte>.Empty, Token));

        Assert.Equal(blob.Content, await ReadToEndAsync(reader, 64));
    }

    [Theory]
    [Rule("BSR-02")]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(65536)]
    [InlineData(199_999)]
    [InlineData(200_000)]
    public async Task A_read_can_start_anywhere(int offset)
    {
        TestBlob blob = TestBlob.Random(2, 200_000);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        await using BlobReader? reader = await Store.OpenReadAsync(blob.Digest, offset, Token);

        Assert.NotNull(reader);
        Assert.Equal(200_000, reader.Length);
        Assert.Equal(blob.Content[offset..], await ReadToEndAsync(reader, 65536));
    }

    [Theory]
    [Rule("BSR-02")]
    [InlineData(-1)]
    [InlineData(101)]
    public async Task An_offset_outside_the_blob_is_refused(long offset)
    {
        TestBlob blob = TestBlob.Random(3, 100);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.OpenReadAsync(blob.Digest, offset, Token));
    }

    [Fact]
    [Rule("CAS-01")]
    public async Task What_was_never_written_is_absent()
    {
        TestBlob blob = TestBlob.Random(4, 100);

        Assert.Equal([blob.Digest], await Store.FindMissingAsync([blob.Digest], Token));
        Assert.Null(await Store.OpenReadAsync(blob.Digest, 0, Token));
    }

    [Fact]
    [Rule("DIG-02")]
    public async Task The_right_hash_with_a_wrong_size_is_absent()
    {
        TestBlob blob = TestBlob.Random(5, 100);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
        Digest[] wrong = [Resized(blob.Digest, 99), Resized(blob.Digest, 101), Resized(blob.Digest, 0)];

        Assert.Equal(wrong, await Store.FindMissingAsync([wrong[0], wrong[1], blob.Digest, wrong[2]], Token));
        foreach (Digest digest in wrong)
            Assert.Null(await Store.OpenReadAsync(digest, 0, Token));
        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Fact]
    [Rule("CAS-04")]
    [Rule("CAS-14")]
    public async Task A_blob_is_invisible_until_it_is_committed()
    {
        TestBlob blob = TestBlob.Random(6, 100_000);

        await using BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token);
        await AssertAbsentAsync(blob.Digest);
        await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, 0, 60_000), Token);
        await AssertAbsentAsync(blob.Digest);
        await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, 60_000, 40_000), Token);
        await AssertAbsentAsync(blob.Digest);
        await writer.CommitAsync(Token);

        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Theory]
    [Rule("CAS-14")]
    [Rule("BSW-17")]
    [InlineData(0)]
    [InlineData(50_000)]
    [InlineData(100_000)]
    public async Task A_write_without_a_commit_leaves_nothing(int written)
    {
        TestBlob blob = TestBlob.Random(7, 100_000);

        await using (BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token))
            await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, 0, written), Token);

        await AssertAbsentAsync(blob.Digest);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Fact]
    public async Task A_write_without_a_commit_leaves_an_earlier_blob_alone()
    {
        TestBlob blob = TestBlob.Random(8, 100_000);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        await using (BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token))
            await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, 0, 10), Token);

        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Fact]
    public async Task Pieces_of_any_form_make_up_a_blob()
    {
        TestBlob blob = TestBlob.Random(9, 300_000);
        ReadOnlyMemory<byte> rest = blob.Content;

        await using (BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token))
        {
            foreach (int length in (int[])[0, 1, 65535, 2, 65537, 0, 4096, 100_000])
            {
                await writer.WriteAsync(SplitSequence.Of(rest.Span[..length], 0, 1, length / 3, 0, 16), Token);
                rest = rest[length..];
            }

            await writer.WriteAsync(SplitSequence.Of(rest.Span, [.. Enumerable.Repeat(37, 500)]), Token);
            await writer.CommitAsync(Token);
        }

        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Theory]
    [Rule("BSW-11")]
    [InlineData(0)]
    [InlineData(100)]
    public async Task Empty_pieces_before_and_behind_change_nothing(int length)
    {
        TestBlob blob = TestBlob.Random(17, length);

        await using (BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, length, Token))
        {
            await writer.WriteAsync(ReadOnlySequence<byte>.Empty, Token);
            await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content), Token);
            await writer.WriteAsync(ReadOnlySequence<byte>.Empty, Token);
            await writer.CommitAsync(Token);
        }

        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Fact]
    public async Task What_was_written_is_borrowed_only_until_the_write_returns()
    {
        TestBlob blob = TestBlob.Random(10, 200_000);
        var buffer = new byte[10_000];

        await using (BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token))
        {
            for (int i = 0; i < blob.Content.Length; i += buffer.Length)
            {
                blob.Content.AsSpan(i, buffer.Length).CopyTo(buffer);
                await writer.WriteAsync(new ReadOnlySequence<byte>(buffer), Token);
                Array.Clear(buffer);
            }

            await writer.CommitAsync(Token);
        }

        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Theory]
    [Rule("BSW-14")]
    [InlineData(100, 101)]
    [InlineData(0, 1)]
    [InlineData(100_000, 200_000)]
    public async Task More_bytes_than_announced_are_refused(int announced, int written)
    {
        TestBlob blob = TestBlob.Random(11, announced);

        await using (BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, announced, Token))
        {
            await Assert.ThrowsAsync<InvalidOperationException>(
                async () => await writer.WriteAsync(SplitSequence.Of(new byte[written], announced), Token));
        }

        // Some stores know the empty blob without having been given it.
        if (!blob.Digest.IsEmptyBlob)
            await AssertAbsentAsync(blob.Digest);
    }

    [Fact]
    public async Task Fewer_bytes_than_announced_can_not_be_committed()
    {
        TestBlob blob = TestBlob.Random(12, 100);

        await using (BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, 100, Token))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, 0, 99), Token);
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await writer.CommitAsync(Token));
        }

        await AssertAbsentAsync(blob.Digest);
    }

    [Fact]
    [Rule("CAS-13")]
    public async Task A_blob_can_be_written_again()
    {
        TestBlob blob = TestBlob.Random(13, 70_000);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Fact]
    public async Task A_reader_survives_that_its_blob_is_written_again()
    {
        TestBlob blob = TestBlob.Random(14, 3 * MiB);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await using BlobReader? reader = await Store.OpenReadAsync(blob.Digest, 0, Token);
        Assert.NotNull(reader);
        var head = new byte[1000];
        await ReadExactlyAsync(reader, head);

        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Equal(blob.Content, (byte[])[.. head, .. await ReadToEndAsync(reader, 65536)]);
    }

    [Fact]
    [Rule("BSW-12")]
    public async Task Writers_of_one_blob_at_a_time_all_succeed()
    {
        TestBlob blob = TestBlob.Random(15, 150_000);
        BlobWriter[] writers = [.. await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ => await Store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token)))];

        for (int i = 0; i < blob.Content.Length; i += 50_000)
            await Task.WhenAll(writers.Select(async writer => await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, i, 50_000), Token)));
        await Task.WhenAll(writers.Select(async writer => await writer.CommitAsync(Token)));
        foreach (BlobWriter writer in writers)
            await writer.DisposeAsync();

        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Fact]
    public async Task Many_blobs_are_written_and_read_at_a_time()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 200).Select(i => TestBlob.Random(1000 + i, 1 + (i * 331)))];

        await Parallel.ForEachAsync(blobs, Token, async (blob, token) =>
        {
            await Store.WriteAllAsync(blob.Digest, blob.Content, token);
            Assert.Equal(blob.Content, await Store.ReadAllAsync(blob.Digest, MiB, token));
        });

        Assert.Empty(await Store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        await Parallel.ForEachAsync(blobs, Token, async (blob, token) => Assert.Equal(blob.Content, await Store.ReadAllAsync(blob.Digest, MiB, token)));
    }

    [Fact]
    public async Task Several_readers_of_one_blob_do_not_disturb_each_other()
    {
        TestBlob blob = TestBlob.Random(16, 500_000);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        await Parallel.ForEachAsync(Enumerable.Range(0, 8), Token, async (i, token) =>
        {
            await using BlobReader? reader = await Store.OpenReadAsync(blob.Digest, i * 1000, token);
            Assert.NotNull(reader);
            Assert.Equal(blob.Content[(i * 1000)..], await ReadToEndAsync(reader, 1 + (i * 9999)));
        });
    }

    [Fact]
    [Rule("CAS-01")]
    public async Task Missing_blobs_are_listed_as_asked_in_order_and_once()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 6).Select(i => TestBlob.Random(20 + i, 10 + i))];
        await Store.WriteAllAsync(blobs[1].Digest, blobs[1].Content, Token);
        await Store.WriteAllAsync(blobs[4].Digest, blobs[4].Content, Token);
        Digest resized = Resized(blobs[0].Digest, 1);

        IReadOnlyCollection<Digest> missing = await Store.FindMissingAsync(
            [blobs[5].Digest, blobs[1].Digest, blobs[0].Digest, blobs[5].Digest, resized, blobs[4].Digest, blobs[3].Digest, blobs[0].Digest, blobs[1].Digest], Token);

        Assert.Equal([blobs[5].Digest, blobs[0].Digest, resized, blobs[3].Digest], missing);
    }

    [Fact]
    [Rule("CAS-01")]
    public async Task Nothing_is_missing_from_nothing() => Assert.Empty(await Store.FindMissingAsync([], Token));

    [Fact]
    [Rule("CAS-01")]
    public async Task Many_blobs_can_be_asked_for_at_once()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 10_000).Select(i => TestBlob.Of(BitConverter.GetBytes(i)))];
        foreach (TestBlob blob in blobs.Take(500))
            await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        IReadOnlyCollection<Digest> missing = await Store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token);

        Assert.Equal(blobs.Skip(500).Select(blob => blob.Digest), missing);
    }

    [Fact]
    [Rule("GEN-05")]
    public async Task Instances_do_not_see_each_others_blobs()
    {
        TestBlob blob = TestBlob.Random(30, 100, instance: "a");
        Digest[] elsewhere = [TestBlob.Of(blob.Content, "b").Digest, TestBlob.Of(blob.Content).Digest, TestBlob.Of(blob.Content, "a/b").Digest];

        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Equal(elsewhere, await Store.FindMissingAsync([elsewhere[0], blob.Digest, elsewhere[1], elsewhere[2]], Token));
        foreach (Digest digest in elsewhere)
            Assert.Null(await Store.OpenReadAsync(digest, 0, Token));
        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Fact]
    [Rule("DIG-15")]
    public async Task Blobs_of_every_supported_function_live_side_by_side()
    {
        byte[] content = TestBlob.Random(31, 5000).Content;
        TestBlob[] blobs = [.. DigestFunctions.Supported.Select(function => TestBlob.Of(content, function: function))];

        for (int i = 0; i < blobs.Length; i++)
        {
            Assert.Equal(blobs.Skip(i).Select(blob => blob.Digest), await Store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
            await Store.WriteAllAsync(blobs[i].Digest, content, Token);
        }

        foreach (TestBlob blob in blobs)
            await AssertReadsAsync(blob.Digest, content);
    }
}
