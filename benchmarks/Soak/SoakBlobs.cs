using RemoteExec.Protocol;

namespace RemoteExec.Benchmarks.Soak;

/// <summary>Blobs that follow from their numbers, so that whoever reads one knows what it has to be: many small ones, some of a megabyte, a few of many.</summary>
internal static class SoakBlobs
{
    /// <summary>The content of a blob.</summary>
    public static byte[] Content(int number)
    {
        var random = new Random(number);
        int length = random.Next(100) switch
        {
            < 60 => random.Next(1, 4096),
            < 90 => random.Next(4096, 200_000),
            < 99 => random.Next(200_000, 2_000_000),
            _ => random.Next(2_000_000, 12_000_000),
        };
        var content = new byte[length];
        random.NextBytes(content);
        if (number % 3 == 0)
            content.AsSpan(length / 2).Clear(); // something that shrinks
        return content;
    }

    /// <summary>The digest of a content.</summary>
    public static Digest DigestOf(byte[] content) => IncrementalHasher.Compute(default, DigestFunction.Sha256, content);
}
