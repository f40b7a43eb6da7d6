using RemoteExec.Cas.Stores.S3;

namespace RemoteExec.Server.Configuration;

/// <summary>
/// Blobs or results in a bucket of S3, or of what speaks like it: many in one object, uploaded behind the writers. Put `segments` or `memory` in front. docs/s3.md has the settings
/// of several services, and what it costs. Credentials come from the environment, a profile or the machine's role.
/// </summary>
internal sealed record S3Options : StoreOptions
{
    /// <summary>The bucket, which is there already.</summary>
    public string Bucket { get; init; } = "";

    /// <summary>What the keys of all objects begin with, and a slash at its end; each store needs one of its own, unless nodes share it.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>A directory for what waits to be uploaded and for the index; made if it does not exist. Of this store alone.</summary>
    public string Path { get; init; } = "";

    /// <summary>Where the service is, as <c>https://host:port</c>; without it, AWS in the region.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The region, which requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Whether the bucket stands in the path of a request, and not in the name of its host: most services but AWS want that.</summary>
    public bool PathStyle { get; init; }

    /// <summary>How the service encrypts what it keeps: `none`, as the bucket is set up; `aes256`, with keys of the service; `kms`, with one of its key management.</summary>
    public S3Encryption Encryption { get; init; } = S3Encryption.None;

    /// <summary>The key for `kms`; without it, the account's own.</summary>
    public string? EncryptionKey { get; init; }

    /// <summary>The storage class of the objects; without it, the bucket's own.</summary>
    public string? StorageClass { get; init; }

    /// <summary>When a write is acknowledged: `local`, when it is on the local disk; `s3`, when the bucket has it, which takes as long as an upload.</summary>
    public S3Acknowledgement Ack { get; init; } = S3Acknowledgement.Local;

    /// <summary>How long a blob may wait for others that are uploaded together with it.</summary>
    public TimeSpan SealAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How much may wait to be uploaded, while the bucket is slow or out of reach; beyond it writes are refused.</summary>
    public ByteSize MaxBacklog { get; init; } = ByteSize.GiB(10);

    /// <summary>About how much the bucket may hold; the least recently used blobs leave when it is more. 0 for no bound.</summary>
    public ByteSize MaxBytes { get; init; }

    /// <summary>After how long without a use a blob leaves; 0 for never.</summary>
    public TimeSpan UnusedFor { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Whether to take the prefix from another node that it belongs to, which must be gone for good, or to make it a shared one; take it out again afterwards.</summary>
    public bool TakeOver { get; init; }

    /// <summary>Through what several nodes share the prefix; without it, the prefix belongs to this one.</summary>
    public S3SharedOptions? Shared { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        if (Bucket.Length == 0)
            yield return new(nameof(Bucket), "is missing: name a bucket");
        if (Path.Length == 0)
            yield return new(nameof(Path), "is missing: name a directory");
        if (Endpoint is not null && !(Uri.TryCreate(Endpoint, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)))
            yield return new(nameof(Endpoint), $"'{Endpoint}' is no address: write https://host:port");
        else if (Bucket.Length > 0 && Path.Length > 0)
        {
            // The store's settings have the names of these; its sentences begin with them.
            foreach (string problem in ToStore("s3").Validate())
                yield return new(problem[..problem.IndexOf(' ')], problem[(problem.IndexOf(' ') + 1)..]);
        }
    }

    /// <summary>The settings of the store.</summary>
    /// <param name="name">What messages to people call it.</param>
    public S3StoreOptions ToStore(string name) => new()
    {
        Name = name,
        Bucket = Bucket,
        Prefix = Prefix,
        Path = System.IO.Path.GetFullPath(Path),
        Endpoint = Endpoint is null ? null : new Uri(Endpoint),
        Region = Region,
        PathStyle = PathStyle,
        Encryption = Encryption,
        EncryptionKey = EncryptionKey ?? "",
        StorageClass = StorageClass ?? "",
        Acknowledge = Ack,
        SealAfter = SealAfter,
        MaxBacklog = MaxBacklog.Bytes,
        MaxBytes = MaxBytes.Bytes,
        UnusedFor = UnusedFor,
        TakeOver = TakeOver,
    };
}
