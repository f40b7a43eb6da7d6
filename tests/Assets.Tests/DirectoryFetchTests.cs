using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Assets.Tests;

public sealed class DirectoryFetchTests : IAsyncLifetime
{
    private static readonly Dictionary<string, string> files = new() { ["top/a.txt"] = "one", ["top/sub/b.txt"] = "two" };
    private AssetBed bed = null!;

    public async ValueTask InitializeAsync() => bed = await AssetBed.StartAsync();

    public ValueTask DisposeAsync() => bed.DisposeAsync();

    [Theory]
    [InlineData("/x.tar", "", "tar")]
    [InlineData("/x.tar.gz", "", "gzip")]
    [InlineData("/x.tgz", "", "gzip")]
    [InlineData("/x.zip", "", "zip")]
    [InlineData("/x", "application/gzip", "gzip")]
    [InlineData("/x", "application/zip", "zip")]
    [InlineData("/x", "tar", "tar")]
    [Rule("AST-10")]
    [Rule("AST-11")]
    public async Task An_archive_becomes_a_directory(string path, string type, string form)
    {
        byte[] archive = form switch
        {
            "zip" => Zip(files),
            "gzip" => GZip(Tar(files)),
            _ => Tar(files),
        };
        string uri = bed.Web.Serve(path, archive);
        (string, string)[] qualifiers = type.Length > 0 ? [AssetBed.ChecksumOf(archive), ("resource_type", type)] : [AssetBed.ChecksumOf(archive)];

        BoundAsset found = await bed.FetchAsync(AssetBed.Ask(AssetKind.Directory, [uri], qualifiers));

        Reapi.Directory root = await ReadAsync(found.Content);
        Assert.Equal("top", Assert.Single(root.Directories).Name);
        Assert.Equal("one", await ReadFileAsync(found.Content, "top", "a.txt"));
        Assert.Equal("two", await ReadFileAsync(found.Content, "top", "sub", "b.txt"));
        Assert.Empty(Directory.GetFileSystemEntries(bed.Spool));
    }

    [Fact]
    [Rule("AST-11")]
    public async Task A_directory_of_an_archive_is_had_alone()
    {
        byte[] archive = Tar(files);
        string uri = bed.Web.Serve("/x.tar", archive);

        BoundAsset found = await bed.FetchAsync(AssetBed.Ask(AssetKind.Directory, [uri], AssetBed.ChecksumOf(archive), ("directory", "top/sub")));

        Assert.Equal("two", await ReadFileAsync(found.Content, "b.txt"));
        await bed.FailAsync(AssetFailure.Inconsistent, AssetBed.Ask(AssetKind.Directory, [uri], AssetBed.ChecksumOf(archive), ("directory", "top/none")));
        await bed.FailAsync(AssetFailure.Inconsistent, AssetBed.Ask(AssetKind.Directory, [uri], AssetBed.ChecksumOf(archive), ("directory", "../top")));
    }

    [Fact]
    [Rule("PSH-07")]
    public async Task A_directory_is_not_taken_for_the_archive_nor_the_reverse()
    {
        byte[] archive = Tar(files);
        string uri = bed.Web.Serve("/x.tar", archive);

        BoundAsset blob = await bed.FetchAsync(uri, AssetBed.ChecksumOf(archive));
        BoundAsset directory = await bed.FetchAsync(AssetBed.Ask(AssetKind.Directory, [uri], AssetBed.ChecksumOf(archive)));

        Assert.Equal(archive, await bed.ReadAsync(blob.Content));
        Assert.NotEqual(blob.Content, directory.Content);
    }

    [Fact]
    public async Task What_has_gone_from_the_CAS_is_fetched_again()
    {
        byte[] archive = Tar(files);
        string uri = bed.Web.Serve("/x.tar", archive);
        AssetRequest request = AssetBed.Ask(AssetKind.Directory, [uri], AssetBed.ChecksumOf(archive));
        BoundAsset first = await bed.FetchAsync(request);

        await using (BlobReader? reader = await bed.Cas.OpenReadAsync(IncrementalHasher.Compute(default, DigestFunction.Sha256, "two"u8), 0, AssetBed.Token))
            reader!.Discard();

        Assert.Equal(first.Content, (await bed.FetchAsync(request)).Content);
        Assert.Equal(2, bed.Web.CountOf("/x.tar"));
        Assert.Equal("two", await ReadFileAsync(first.Content, "top", "sub", "b.txt"));
    }

    [Fact]
    public async Task What_kind_of_archive_it_is_has_to_be_known_before_anything_is_fetched()
    {
        string uri = bed.Web.Serve("/x", Tar(files));

        AssetException exception = await bed.FailAsync(AssetFailure.Unsupported, AssetBed.Ask(AssetKind.Directory, [uri], AssetBed.ChecksumOf(Tar(files))));

        Assert.Contains("resource_type", exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, bed.Web.CountOf("/x"));
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("/absolute")]
    [InlineData("a/../../b")]
    public async Task A_name_that_leads_out_is_refused(string name)
    {
        byte[] archive = Tar(new() { [name] = "x" });
        string uri = bed.Web.Serve("/x.tar", archive);

        await bed.FailAsync(AssetFailure.Inconsistent, AssetBed.Ask(AssetKind.Directory, [uri], AssetBed.ChecksumOf(archive)));
    }

    [Fact]
    public async Task A_small_archive_of_much_is_given_up()
    {
        await using AssetBed small = await AssetBed.StartAsync(change: options => options with { MaxBytes = 100_000 });
        byte[] archive = GZip(Tar(new() { ["zeros"] = new string('0', 10_000_000) }));
        string uri = small.Web.Serve("/bomb.tar.gz", archive);

        AssetException exception = await small.FailAsync(AssetFailure.Inconsistent, AssetBed.Ask(AssetKind.Directory, [uri], AssetBed.ChecksumOf(archive)));

        Assert.Contains("more than 100000 bytes", exception.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(small.Spool));
    }

    [Fact]
    public async Task An_archive_of_nothing_but_padding_is_given_up()
    {
        await using AssetBed small = await AssetBed.StartAsync(change: options => options with { MaxBytes = 100_000 });
        byte[] archive = GZip([.. Tar(files), .. new byte[10_000_000]]);
        string uri = small.Web.Serve("/bomb.tar.gz", archive);

        AssetException exception = await small.FailAsync(AssetFailure.Inconsistent, AssetBed.Ask(AssetKind.Directory, [uri], AssetBed.ChecksumOf(archive)));

        Assert.Contains("more than 100000 bytes", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_archive_is_told_as_such()
    {
        byte[] archive = GZip(Tar(files))[..^20];
        string uri = bed.Web.Serve("/x.tar.gz", archive);

        AssetException exception = await bed.FailAsync(AssetFailure.Inconsistent, AssetBed.Ask(AssetKind.Directory, [uri], AssetBed.ChecksumOf(archive)));

        Assert.Contains("it is damaged, or no tar.gz", exception.Message, StringComparison.Ordinal);
    }

    private static byte[] Tar(Dictionary<string, string> content)
    {
        using var result = new MemoryStream();
        using (var writer = new TarWriter(result, TarEntryFormat.Gnu, leaveOpen: true))
        {
            foreach ((string name, string text) in content)
                writer.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        }

        return result.ToArray();
    }

    private static byte[] Zip(Dictionary<string, string> content)
    {
        using var result = new MemoryStream();
        using (var zip = new ZipArchive(result, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, string text) in content)
            {
                using Stream entry = zip.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return result.ToArray();
    }

    private static byte[] GZip(byte[] content)
    {
        using var result = new MemoryStream();
        using (var gzip = new GZipStream(result, CompressionLevel.Optimal))
            gzip.Write(content);
        return result.ToArray();
    }

    private async Task<Reapi.Directory> ReadAsync(Digest digest) => Reapi.Directory.Parser.ParseFrom(await bed.ReadAsync(digest));

    private async Task<string> ReadFileAsync(Digest root, params string[] path)
    {
        foreach (string name in path[..^1])
            Assert.True(root.TryParseSibling((await ReadAsync(root)).Directories.Single(child => child.Name == name).Digest, out root, out _));
        Assert.True(root.TryParseSibling((await ReadAsync(root)).Files.Single(child => child.Name == path[^1]).Digest, out Digest file, out _));
        return Encoding.UTF8.GetString(await bed.ReadAsync(file));
    }
}
