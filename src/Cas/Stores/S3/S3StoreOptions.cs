using Amazon.Runtime;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>The settings of an <c>S3Store</c>.</summary>
public sealed record S3StoreOptions
{
    private const double SlowestBytes = 256 << 10; // a second: a line that is slower is as good as none
    private const long LargestPack = 32L << 30; // an offset in a pack is 32 bits of 16-byte units

    /// <summary>What messages to people call the store.</summary>
    public string Name { get; init; } = "s3";

    /// <summary>The bucket. It is there already.</summary>
    public required string Bucket { get; init; }

    /// <summary>What the keys of all objects begin with; of this store alone.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The directory for what is not uploaded yet, and for the index; of this store alone, created (mode 0700) if it is absent.</summary>
    public required string Path { get; init; }

    /// <summary>The service; null for that of AWS in <see cref="Region"/>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The region, which requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Whether the bucket stands in the path of a request, and not in the name of its host.</summary>
    public bool PathStyle { get; init; }

    /// <summary>How the service encrypts what it keeps.</summary>
    public S3Encryption Encryption { get; init; }

    /// <summary>The key for <see cref="S3Encryption.Kms"/>; empty for the account's own.</summary>
    public string EncryptionKey { get; init; } = "";

    /// <summary>The storage class of the packs; empty for the bucket's own.</summary>
    public string StorageClass { get; init; } = "";

    /// <summary>When a commit is acknowledged.</summary>
    public S3Acknowledgement Acknowledge { get; init; }

    /// <summary>A pack is sealed when it is as long as this.</summary>
    public long PackBytes { get; init; } = 64 << 20;

    /// <summary>A pack is sealed when its first blob is this old.</summary>
    public TimeSpan SealAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A blob that is longer gets a pack of its own.</summary>
    public long LargeBytes { get; init; } = 8 << 20;

    /// <summary>How long a part of an object is that is uploaded in several.</summary>
    public long PartBytes { get; init; } = 64 << 20;

    /// <summary>The bound on what waits in <see cref="Path"/> to be uploaded.</summary>
    public long MaxBacklog { get; init; } = 10L << 30;

    /// <summary>About how many bytes the bucket may hold under the prefix; 0: no bound.</summary>
    public long MaxBytes { get; init; }

    /// <summary>After how long without a use a blob is dropped; zero: never.</summary>
    public TimeSpan UnusedFor { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Whether a prefix that belongs to another node is taken from it.</summary>
    public bool TakeOver { get; init; }

    /// <summary>Through what several nodes share the prefix; null if it belongs to one.</summary>
    public S3Sharing? Shared { get; init; }

    /// <summary>How many bytes of packs are kept in memory once they were read.</summary>
    public long CacheBytes { get; init; } = 64 << 20;

    /// <summary>The credentials; null for those that the environment, a profile or the machine's role give.</summary>
    internal AWSCredentials? Credentials { get; init; }

    /// <summary>How long the service may be silent: until an answer begins, and between its pieces.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a request may take that sends so many bytes.</summary>
    internal TimeSpan PatienceFor(long bytes) => Patience + TimeSpan.FromSeconds(bytes / SlowestBytes);

    /// <summary>Yields a sentence for every problem; nothing if the settings are good.</summary>
    public IEnumerable<string> Validate()
    {
        if (string.IsNullOrWhiteSpace(Bucket))
            yield return "bucket is empty: name the bucket";
        if (string.IsNullOrWhiteSpace(Path))
            yield return "path is empty: name a directory of this store alone";
        if (Prefix.StartsWith('/') || (Prefix.Length > 0 && !Prefix.EndsWith('/')))
            yield return $"prefix is '{Prefix}': it must end with a slash and not begin with one";
        if (PackBytes is < 4096 or > LargestPack)
            yield return $"packBytes is {PackBytes}: it must be between 4096 and {LargestPack}";
        if (LargeBytes is < 4096 or > (1 << 30) || LargeBytes > PackBytes)
            yield return $"largeBytes is {LargeBytes}: it must be between 4096 and 1 GiB, and at most packBytes ({PackBytes})";
        if (PartBytes is < (5 << 20) or > (1L << 30))
            yield return $"partBytes is {PartBytes}: it must be between 5 MiB and 1 GiB";
        if (MaxBacklog < 2 * PackBytes)
            yield return $"maxBacklog is {MaxBacklog}: it must be at least twice packBytes ({2 * PackBytes})";
        if (MaxBytes != 0 && MaxBytes < 4 * PackBytes)
            yield return $"maxBytes is {MaxBytes}: it must be 0 (no bound) or at least four times packBytes ({4 * PackBytes})";
        if (SealAfter <= TimeSpan.Zero)
            yield return $"sealAfter is {SealAfter}: it must be positive";
        if (UnusedFor < TimeSpan.Zero || (UnusedFor > TimeSpan.Zero && UnusedFor < TimeSpan.FromHours(2)))
            yield return $"unusedFor is {UnusedFor}: it must be 0 (never) or at least two hours";
        if (EncryptionKey.Length > 0 && Encryption != S3Encryption.Kms)
            yield return "encryptionKey is set, but encryption is not kms";
    }
}
