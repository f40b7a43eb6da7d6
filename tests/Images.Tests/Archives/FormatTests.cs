using System.Diagnostics;
using System.IO.Compression;

namespace RemoteExec.Images.Tests.Archives;

/// <summary>Every kind of archive, made by whoever makes them in real life.</summary>
public sealed class FormatTests
{
    private static readonly string[] expected = ["bin/", "bin/tool* = run\n", "bin/tool2* = run\n", "doc/", $"doc/{new string('n', 150)} = long\n", "link -> bin/tool"];

    /// <summary>Runs a line of shell in a directory where the files of <see cref="expected"/> are in <c>tree</c>; it leaves an archive.</summary>
    private static async Task<byte[]> MakeAsync(TemporaryDirectory directory, string script, string result)
    {
        string prepare = $"""
            set -e; cd '{directory.FullPath}'; mkdir -p tree/bin tree/doc; echo run >tree/bin/tool; chmod +x tree/bin/tool; ln tree/bin/tool tree/bin/tool2
            echo long >tree/doc/{new string('n', 150)}; ln -s bin/tool tree/link
            """;
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", $"{prepare}\n{script}"]) { RedirectStandardError = true })!;
        string errors = await shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(shell.ExitCode == 0, errors);
        return await File.ReadAllBytesAsync(directory[result], TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("a.tar", "tar -C tree -cf a.tar .", "tar", "tar")]
    [InlineData("a.tar", "tar -C tree --format=pax -cf a.tar .", "tar", "tar")]
    [InlineData("a.tar", "tar -C tree --format=v7 --exclude=doc/* -cf a.tar ./bin ./link ./doc; truncate -s 3072 a.tar; tar -C tree -cf - ./doc >>a.tar", "tar", "tar")]
    [InlineData("a.tar", "tar -C tree --format=pax -b 1 -cf a.tar bin link doc", "tar", "tar")]
    [InlineData("a.tar", "tar -C tree --format=oldgnu -b 1 -cf a.tar bin link doc", "tar", "tar")]
    [InlineData("a.tar.gz", "tar -C tree -czf a.tar.gz .", "tar", "tar")]
    [InlineData("a.tgz", "tar -C tree -czf a.tgz .", "tar", "tar")]
    [InlineData("a.tar.xz", "tar -C tree -cJf a.tar.xz .", "xz", "xz-utils")]
    [InlineData("a.tar.bz2", "tar -C tree -cjf a.tar.bz2 .", "bzip2", "bzip2")]
    [InlineData("a.tar.zst", "tar -C tree --zstd -cf a.tar.zst .", "zstd", "zstd")]
    [InlineData("a.tar.zst", "tar -C tree -c . | zstd --ultra -22 --long=27 -q >a.tar.zst", "zstd", "zstd")]
    [InlineData("a.deb", "mkdir tree/DEBIAN; printf 'Package: a\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody\\nDescription: a\\n' >tree/DEBIAN/control; dpkg-deb -Zxz -b tree a.deb >/dev/null", "dpkg-deb", "dpkg")]
    [InlineData("a.deb", "mkdir tree/DEBIAN; printf 'Package: a\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody\\nDescription: a\\n' >tree/DEBIAN/control; dpkg-deb -Zgzip -b tree a.deb >/dev/null", "dpkg-deb", "dpkg")]
    [InlineData("a.deb", "mkdir tree/DEBIAN; printf 'Package: a\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody\\nDescription: a\\n' >tree/DEBIAN/control; dpkg-deb -Znone -b tree a.deb >/dev/null", "dpkg-deb", "dpkg")]
    [InlineData("a.whl", "python3 -c \"import shutil,os,zipfile,stat\nwith zipfile.ZipFile('a.whl','w') as z:\n  for d,ds,fs in os.walk('tree'):\n    for f in ds+fs:\n      p=os.path.join(d,f); i=zipfile.ZipInfo(os.path.relpath(p,'tree')+('/' if os.path.isdir(p) else '')); i.external_attr=os.lstat(p).st_mode<<16\n      z.writestr(i, os.readlink(p) if os.path.islink(p) else b'' if os.path.isdir(p) else open(p,'rb').read())\"", "python3", "python3")]
    [InlineData("a.zip", "python3 -c \"import shutil,os,zipfile,stat\nwith zipfile.ZipFile('a.zip','w') as z:\n  for d,ds,fs in os.walk('tree'):\n    for f in ds+fs:\n      p=os.path.join(d,f); i=zipfile.ZipInfo(os.path.relpath(p,'tree')+('/' if os.path.isdir(p) else '')); i.external_attr=os.lstat(p).st_mode<<16\n      z.writestr(i, os.readlink(p) if os.path.islink(p) else b'' if os.path.isdir(p) else open(p,'rb').read())\"", "python3", "python3")]
    public async Task An_archive_of_the_system_s_own_tools_is_unpacked(string name, string script, string program, string package)
    {
        Requires.Program(program, package);
        using var directory = new TemporaryDirectory();
        using var fixture = new ImageFixture();

        BuiltImage image = await fixture.BuildAsync(fixture.Put(name, await MakeAsync(directory, script, name)));

        Assert.Equal(expected, await fixture.ListAsync(image));
    }

    [Theory]
    [InlineData("a.tar")]
    [InlineData("a.tar.gz")]
    [InlineData("a.tar.xz")]
    [InlineData("a.tar.bz2")]
    [InlineData("a.tar.zst")]
    [InlineData("a.deb")]
    [InlineData("a.whl")]
    [InlineData("a.zip")]
    public async Task Something_else_is_told(string name)
    {
        Requires.Program("xz", "xz-utils");
        Requires.Program("bzip2", "bzip2");
        Requires.Program("zstd", "zstd");
        using var fixture = new ImageFixture();

        string message = await fixture.FailAsync(fixture.Put(name, TestBlob.Random(1, 5000).Content));

        Assert.StartsWith($"{name}: it is damaged, or no {name[2..]}: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_that_is_cut_off_is_told()
    {
        Requires.Program("xz", "xz-utils");
        using var directory = new TemporaryDirectory();
        using var fixture = new ImageFixture();
        byte[] whole = await MakeAsync(directory, "tar -C tree -cJf a.tar.xz .", "a.tar.xz");

        Assert.StartsWith("a.tar.xz: it is damaged, or no tar.xz: ", await fixture.FailAsync(fixture.Put("a.tar.xz", whole[..^20])), StringComparison.Ordinal);
        Assert.StartsWith("a.tar.gz: it is damaged, or no tar.gz: ", await fixture.FailAsync(fixture.Put("a.tar.gz", TestArchive.New().File("x", "y").ToGzip()[..^12])), StringComparison.Ordinal);
        Assert.StartsWith("a.deb: it is damaged, or no deb: ", await fixture.FailAsync(fixture.Put("a.deb", TestArchive.New().File("x", "y").ToDeb()[..400])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_package_in_a_compression_that_is_not_known_is_told()
    {
        using var fixture = new ImageFixture();

        Assert.Equal(
            "a.deb: it is damaged, or no deb: its files are in 'data.tar.lzma', which can't be decompressed here",
            await fixture.FailAsync(fixture.Put("a.deb", TestArchive.New().ToDeb("data.tar.lzma"))));
    }

    [Theory]
    [InlineData("--format=gnu --sparse")]
    [InlineData("--format=pax --sparse")]
    [InlineData("--format=pax --sparse-version=0.0 --sparse")]
    public async Task A_sparse_file_is_refused(string flags)
    {
        using var directory = new TemporaryDirectory();
        using var fixture = new ImageFixture();
        byte[] tar = await MakeAsync(directory, $"truncate -s 10M holes; echo end >>holes; tar {flags} -cf a.tar holes", "a.tar");

        Assert.Equal("a.tar: 'holes' is a sparse file: make the archive without --sparse", await fixture.FailAsync(fixture.Put("a.tar", tar)));
    }

    [Theory]
    [InlineData("--format=gnu")]
    [InlineData("--format=pax")]
    public async Task A_name_that_is_no_UTF_8_is_refused(string flags)
    {
        using var directory = new TemporaryDirectory();
        using var fixture = new ImageFixture();
        byte[] tar = await MakeAsync(directory, $"name=$(printf 'a\\377'); touch \"$name\"; tar {flags} -cf a.tar \"$name\"; rm \"$name\"", "a.tar");

        Assert.Equal("a.tar: 'a\ufffd' is no UTF-8", await fixture.FailAsync(fixture.Put("a.tar", tar)));
    }

    [Theory]
    [InlineData("../x", "leads out of its directory with '..'")]
    [InlineData("a/../../x", "leads out of its directory with '..'")]
    [InlineData("/etc/x", "is absolute: names begin at the root of the image, without a slash")]
    [InlineData("a\0b", "has a NUL in it")]
    public async Task A_wheel_that_leads_out_is_refused(string name, string problem)
    {
        using var fixture = new ImageFixture();
        using var content = new MemoryStream();
        using (var zip = new ZipArchive(content, ZipArchiveMode.Create, leaveOpen: true))
            zip.CreateEntry(name);

        Assert.Equal($"a.whl: '{name}' {problem}", await fixture.FailAsync(fixture.Put("a.whl", content.ToArray())));
    }

    [Fact]
    public async Task Nothing_goes_through_a_symlink_of_a_wheel()
    {
        const int SymlinkMode = 0xA1FF;
        using var fixture = new ImageFixture();
        using var content = new MemoryStream();
        using (var zip = new ZipArchive(content, ZipArchiveMode.Create, leaveOpen: true))
        {
            ZipArchiveEntry link = zip.CreateEntry("x");
            link.ExternalAttributes = SymlinkMode << 16;
            await using (Stream target = await link.OpenAsync(TestContext.Current.CancellationToken))
                target.Write("/etc"u8);
            zip.CreateEntry("x/passwd");
        }

        Assert.Equal("a.whl: 'x/passwd' lies in 'x', which is no directory, but a file or a symlink", await fixture.FailAsync(fixture.Put("a.whl", content.ToArray())));
    }
}
