using System.Globalization;

[assembly: AssemblyFixture(typeof(RemoteExec.EndToEnd.Tests.Cluster.BackEnds))]

namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>What clusters stand on: a bucket, with a link to it that can fail. The service is started for the first test that needs it, and stopped after the last.</summary>
public sealed class BackEnds : IAsyncDisposable
{
    private readonly S3Gateway gateway = new();

    /// <summary>What servers need in their environment to log in to the bucket.</summary>
    public static IReadOnlyDictionary<string, string?> Login { get; } =
        new Dictionary<string, string?> { ["AWS_ACCESS_KEY_ID"] = "devaccess", ["AWS_SECRET_ACCESS_KEY"] = "devsecretdevsecret" };

    /// <summary>A new bucket.</summary>
    public Task<string> CreateBucketAsync() => gateway.CreateBucketAsync();

    /// <summary>A link to the service, after a bucket was made.</summary>
    public FaultyLink Connect() => FaultyLink.Start(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{gateway.Port}"));

    /// <summary>A storage node's flags: a disk before a bucket.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="prefix">The node's own prefix.</param>
    /// <param name="link">The way to the service.</param>
    /// <param name="data">The node's data directory.</param>
    /// <param name="more">Further settings of the bucket.</param>
    public static string[] NodeFlags(string bucket, string prefix, FaultyLink link, string data, string more = "") =>
    [
        "--set",
        $$"""
        cas.store={ fastSlow: { fast: { segments: { path: {{data}}/disk, maxBytes: 1GiB } }, slowWrites: optional,
        slow: { s3: { bucket: {{bucket}}, prefix: {{prefix}}/, path: {{data}}/s3, endpoint: "http://{{link.Address}}", pathStyle: true, sealAfter: 1s{{more}} } } } }
        """.ReplaceLineEndings(" "),
    ];

    public async ValueTask DisposeAsync() => await gateway.DisposeAsync();
}
