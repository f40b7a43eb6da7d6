using System.Security.Cryptography;
using System.Text.Json;

namespace RemoteExec.Images.Export;

/// <summary>Writes an OCI image layout: an image of one layer that is not compressed, so that it is the same bytes whatever made it.</summary>
/// <param name="directory">An empty directory.</param>
internal sealed class OciLayout(string directory)
{
    private const string LayerType = "application/vnd.oci.image.layer.v1.tar";
    private const string ConfigType = "application/vnd.oci.image.config.v1+json";
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    private const string IndexType = "application/vnd.oci.image.index.v1+json";

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web);

    private string Blobs => Path.Combine(directory, "blobs", "sha256");

    /// <summary>Writes it.</summary>
    /// <param name="writeLayer">Writes the layer, a tar archive, to a stream.</param>
    /// <param name="architecture">For what processors it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task WriteAsync(Func<Stream, CancellationToken, Task> writeLayer, string architecture, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Blobs);
        (string Digest, long Size) layer = await AddLayerAsync(writeLayer, cancellationToken);
        (string Digest, long Size) config = await AddAsync(Config(architecture, layer.Digest), cancellationToken);
        (string Digest, long Size) manifest = await AddAsync(
            new { SchemaVersion = 2, MediaType = ManifestType, Config = Descriptor(ConfigType, config), Layers = new[] { Descriptor(LayerType, layer) } }, cancellationToken);
        await File.WriteAllBytesAsync(
            Path.Combine(directory, "index.json"), Serialize(new { SchemaVersion = 2, MediaType = IndexType, Manifests = new[] { Descriptor(ManifestType, manifest) } }), cancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(directory, "oci-layout"), Serialize(new { ImageLayoutVersion = "1.0.0" }), cancellationToken);
    }

    private static object Descriptor(string type, (string Digest, long Size) blob) => new { MediaType = type, blob.Digest, blob.Size };

    // Here names are written in more than one way.
    private static Dictionary<string, object> Config(string architecture, string layer) => new()
    {
        ["architecture"] = architecture,
        ["os"] = "linux",
        ["config"] = new Dictionary<string, string[]> { ["Env"] = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] },
        ["rootfs"] = new Dictionary<string, object> { ["type"] = "layers", ["diff_ids"] = new[] { layer } },
    };

    private static byte[] Serialize(object value) => JsonSerializer.SerializeToUtf8Bytes(value, json);

    private async Task<(string Digest, long Size)> AddAsync(object message, CancellationToken cancellationToken)
    {
        byte[] content = Serialize(message);
        string hash = Convert.ToHexStringLower(SHA256.HashData(content));
        await File.WriteAllBytesAsync(Path.Combine(Blobs, hash), content, cancellationToken);
        return ($"sha256:{hash}", content.Length);
    }

    private async Task<(string Digest, long Size)> AddLayerAsync(Func<Stream, CancellationToken, Task> writeLayer, CancellationToken cancellationToken)
    {
        string unfinished = Path.Combine(directory, "layer.part");
        using var sha256 = SHA256.Create();
        long size;
        await using (FileStream file = File.Create(unfinished))
        {
            await using (var hashed = new CryptoStream(file, sha256, CryptoStreamMode.Write, leaveOpen: true))
                await writeLayer(hashed, cancellationToken);
            size = file.Length;
        }

        string hash = Convert.ToHexStringLower(sha256.Hash!);
        File.Move(unfinished, Path.Combine(Blobs, hash));
        return ($"sha256:{hash}", size);
    }
}
