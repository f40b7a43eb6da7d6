using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

/// <summary>What can be wrong with a bucket's settings.</summary>
public sealed class S3OptionsTests
{
    [Theory]
    [InlineData("path: /a", "bucket: is missing: name a bucket")]
    [InlineData("bucket: b", "path: is missing: name a directory")]
    [InlineData("bucket: b, path: /a, endpoint: s3.example.com", "endpoint: 's3.example.com' is no address: write https://host:port")]
    [InlineData("bucket: b, path: /a, prefix: cas", "prefix: is 'cas': it must end with a slash and not begin with one")]
    [InlineData("bucket: b, path: /a, maxBacklog: 1MiB", "maxBacklog: is 1048576: it must be at least twice packBytes (134217728)")]
    [InlineData("bucket: b, path: /a, maxBytes: 1MiB", "maxBytes: is 1048576: it must be 0 (no bound) or at least four times packBytes (268435456)")]
    [InlineData("bucket: b, path: /a, unusedFor: 1h", "unusedFor: is 01:00:00: it must be 0 (never) or at least two hours")]
    [InlineData("bucket: b, path: /a, sealAfter: 0s", "sealAfter: is 00:00:00: it must be positive")]
    [InlineData("bucket: b, path: /a, encryptionKey: k", "encryptionKey: is set, but encryption is not kms")]
    [InlineData("bucket: b, path: /a, encryption: rot13", "encryption: 'rot13' is none of none, aes256, kms")]
    [InlineData("bucket: b, path: /a, ack: never", "ack: 'never' is none of local, s3")]
    public void What_is_wrong_is_told(string settings, string problem)
    {
        var exception = Assert.Throws<ConfigException>(() => Load(settings));

        Assert.EndsWith($"stores.a.s3.{problem}", Assert.Single(exception.Problems).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bucket: b, path: /a")]
    [InlineData("bucket: b, path: /a, prefix: c/, endpoint: 'https://h:1', region: auto, pathStyle: true, encryption: kms, encryptionKey: k, storageClass: STANDARD, ack: s3")]
    [InlineData("bucket: b, path: /a, sealAfter: 1s, maxBacklog: 1GiB, maxBytes: 1TiB, unusedFor: 0s, takeOver: true")]
    public void What_is_right_is_taken(string settings) => Assert.IsType<S3Options>(Load(settings).Stores["a"].Options);

    private static ServerOptions Load(string settings) => new ConfigLoader().AddText("test.yaml", $"stores: {{ a: {{ s3: {{ {settings} }} }} }}\n").Load();
}
