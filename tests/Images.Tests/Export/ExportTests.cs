using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RemoteExec.Images.Export;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Images.Tests.Export;

/// <summary>Images taken out of the CAS, judged by the programs that read them.</summary>
public sealed class ExportTests
{
    private static readonly string longName = $"{new string('d', 120)}/{new string('f', 200)}";

    private static TestArchive Sample => TestArchive.New()
        .Executable("usr/bin/run", "run").File("usr/share/größe", "ü").File(longName, "long").Symlink("link", "usr/bin/run").Symlink("far", "/" + new string('t', 300)).Directory("empty")
        .File("large", new string('l', 1_000_000)).File("nothing", "");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<ImageExport> BuildAsync(ImageFixture fixture) =>
        new(fixture.Cas, await StoredTree.LoadAsync(fixture.Cas, (await fixture.BuildAsync(fixture.Tar("a", Sample))).Root, Cancellation));

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync(Cancellation);
        string output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}{await errors}");
        return output;
    }

    [Fact]
    public async Task What_tar_unpacks_of_it_is_what_went_in()
    {
        using var fixture = new ImageFixture();
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory["in.tar"], Sample.ToTar());
        ImageExport export = await BuildAsync(fixture);

        await export.ToTarAsync(directory["out.tar"], new Counter(), Cancellation);

        Directory.CreateDirectory(directory["in"]);
        Directory.CreateDirectory(directory["out"]);
        await RunAsync("tar", "-C", directory["in"], "-xf", directory["in.tar"]);
        await RunAsync("tar", "-C", directory["out"], "-xf", directory["out.tar"]);
        await RunAsync("diff", "-r", "--no-dereference", directory["in"], directory["out"]);
        Assert.Contains("-rwxr-xr-x 0/0 3 1970-01-01 00:00 usr/bin/run", Columns(await RunAsync("env", "TZ=UTC", "tar", "--numeric-owner", "-tvf", directory["out.tar"])));
    }

    [Fact]
    public async Task A_directory_gets_the_same_as_tar_unpacks()
    {
        using var fixture = new ImageFixture();
        using var directory = new TemporaryDirectory();
        ImageExport export = await BuildAsync(fixture);
        var counter = new Counter();

        await export.ToDirectoryAsync(directory["files"], counter, Cancellation);
        await export.ToTarAsync(directory["out.tar"], new Counter(), Cancellation);

        Directory.CreateDirectory(directory["out"]);
        await RunAsync("tar", "-C", directory["out"], "-xf", directory["out.tar"]);
        await RunAsync("diff", "-r", "--no-dereference", directory["files"], directory["out"]);
        Assert.True(File.GetUnixFileMode(directory["files", "usr", "bin", "run"]).HasFlag(UnixFileMode.OtherExecute));
        Assert.Equal(export.Bytes, counter.Sum);
    }

    [Fact]
    public async Task A_directory_that_is_not_empty_is_left_alone()
    {
        using var fixture = new ImageFixture();
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory["mine"], "");
        ImageExport export = await BuildAsync(fixture);

        await Assert.ThrowsAsync<ImageException>(() => export.ToDirectoryAsync(directory.FullPath, new Counter(), Cancellation));
        await Assert.ThrowsAsync<ImageException>(() => export.ToOciLayoutAsync(directory.FullPath, "amd64", new Counter(), Cancellation));
        Assert.Equal([directory["mine"]], Directory.GetFileSystemEntries(directory.FullPath));
    }

    [Fact]
    public async Task A_tar_archive_that_can_not_be_finished_is_not_there()
    {
        using var fixture = new ImageFixture();
        using var directory = new TemporaryDirectory();
        var empty = new ImageExport(new RemoteExec.Cas.Stores.MemoryStore(1), await StoredTree.LoadAsync(fixture.Cas, (await fixture.BuildAsync(fixture.Tar("a", Sample))).Root, Cancellation));

        ImageException exception = await Assert.ThrowsAsync<ImageException>(() => empty.ToTarAsync(directory["out.tar"], new Counter(), Cancellation));

        Assert.StartsWith($"the server lacks '{longName}'", exception.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(directory.FullPath));
    }

    [Fact]
    public async Task A_tar_archive_follows_from_the_image_alone()
    {
        using var fixture = new ImageFixture();
        using var directory = new TemporaryDirectory();

        await (await BuildAsync(fixture)).ToTarAsync(directory["out.tar"], new Counter(), Cancellation);

        // What another process made of it on another day.
        string hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(directory["out.tar"])));
        Assert.True(hash == "ed08582564639fe97f66fafdd13d3855ba7004ad8f9c1906ca9b4dc2681d8a7d", hash);
    }

    [Fact]
    public async Task Every_digest_of_an_OCI_layout_is_right()
    {
        using var fixture = new ImageFixture();
        using var directory = new TemporaryDirectory();

        await (await BuildAsync(fixture)).ToOciLayoutAsync(directory["oci"], "arm64", new Counter(), Cancellation);

        string[] blobs = Directory.GetFiles(directory["oci", "blobs", "sha256"]);
        Assert.Equal(3, blobs.Length);
        Assert.All(blobs, blob => Assert.Equal(Path.GetFileName(blob), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(blob)))));
        Assert.Equal("1.0.0", Read(directory["oci", "oci-layout"]).GetProperty("imageLayoutVersion").GetString());
        JsonElement manifest = Follow(directory, Read(directory["oci", "index.json"]).GetProperty("manifests")[0]);
        JsonElement config = Follow(directory, manifest.GetProperty("config")), layer = manifest.GetProperty("layers")[0];
        Assert.Equal(("arm64", "linux"), (config.GetProperty("architecture").GetString(), config.GetProperty("os").GetString()));
        Assert.Equal(layer.GetProperty("digest").GetString(), config.GetProperty("rootfs").GetProperty("diff_ids")[0].GetString());
        Assert.Equal(layer.GetProperty("size").GetInt64(), new FileInfo(BlobOf(directory, layer)).Length);
    }

    [Fact]
    public async Task Skopeo_takes_an_OCI_layout()
    {
        Requires.Program("skopeo", "skopeo");
        using var fixture = new ImageFixture();
        using var directory = new TemporaryDirectory();

        await (await BuildAsync(fixture)).ToOciLayoutAsync(directory["oci"], "amd64", new Counter(), Cancellation);

        using JsonDocument seen = JsonDocument.Parse(await RunAsync("skopeo", "inspect", $"oci:{directory["oci"]}"));
        Assert.Equal("amd64", seen.RootElement.GetProperty("Architecture").GetString());
        await RunAsync("skopeo", "--insecure-policy", "copy", $"oci:{directory["oci"]}", $"docker-archive:{directory["docker.tar"]}:image:latest"); // which checks all that it copies
    }

    private static string[] Columns(string listing) => [.. listing.Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];

    private static JsonElement Read(string path) => JsonDocument.Parse(File.ReadAllText(path, Encoding.UTF8)).RootElement;

    private static JsonElement Follow(TemporaryDirectory directory, JsonElement descriptor) => Read(BlobOf(directory, descriptor));

    private static string BlobOf(TemporaryDirectory directory, JsonElement descriptor) => directory["oci", "blobs", "sha256", descriptor.GetProperty("digest").GetString()!["sha256:".Length..]];

    private sealed class Counter : IProgress<long>
    {
        public long Sum { get; private set; }

        public void Report(long value) => Sum += value;
    }
}
