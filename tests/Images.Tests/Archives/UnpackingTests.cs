using System.Formats.Tar;
using RemoteExec.Images.Archives;
using RemoteExec.Protocol;

namespace RemoteExec.Images.Tests.Archives;

/// <summary>What of an archive gets into an image, and what never does.</summary>
public sealed class UnpackingTests
{
    private static TestArchive Archive => TestArchive.New();

    [Theory]
    [InlineData("../escape", "leads out of its directory with '..'")]
    [InlineData("a/../../escape", "leads out of its directory with '..'")]
    [InlineData("a/..", "leads out of its directory with '..'")]
    [InlineData("/etc/passwd", "is absolute: names begin at the root of the image, without a slash")]
    public async Task A_name_that_leads_out_is_refused(string name, string problem)
    {
        using var fixture = new ImageFixture();

        Assert.Equal($"a.tar: '{name}' {problem}", await fixture.FailAsync(fixture.Tar("a", Archive.File(name, "x"))));
        Assert.Equal($"a.tar: '{name}' {problem}", await fixture.FailAsync(fixture.Tar("a", Archive.File("x", "x").HardLink("y", name))));
    }

    [Fact]
    public async Task Nothing_goes_through_a_symlink_of_the_same_archive()
    {
        using var fixture = new ImageFixture();
        TestArchive archive = Archive.Symlink("x", "/etc").File("x/passwd", "root");

        Assert.Equal("a.tar: 'x/passwd' lies in 'x', which is no directory, but a file or a symlink", await fixture.FailAsync(fixture.Tar("a", archive)));
        Assert.Equal("a.tar: 'x' occurs twice, as a directory and as a file or a symlink", await fixture.FailAsync(fixture.Tar("a", Archive.File("x/passwd", "root").Symlink("x", "/etc"))));
    }

    [Theory]
    [InlineData(300, 1, "has more than 256 segments")]
    [InlineData(1, 256, "has a segment of more than 255 bytes")]
    public async Task A_name_that_no_file_system_has_is_refused(int segments, int length, string problem)
    {
        using var fixture = new ImageFixture();
        string name = string.Join('/', Enumerable.Repeat(new string('x', length), segments));

        Assert.Equal($"a.tar: '{name}' {problem}", await fixture.FailAsync(fixture.Tar("a", Archive.File(name, "x"))));
    }

    [Fact]
    public async Task Names_that_only_people_confuse_are_different_files()
    {
        using var fixture = new ImageFixture();
        string[] names = ["A", "a", "a\\b", "a\u200b", "a\u202e", "e\u0301", "new\nline", "\u00e9"];
        TestArchive archive = names.Aggregate(Archive, (all, name) => all.File(name, "x"));

        Assert.Equal(names.Select(name => $"{name} = x"), await fixture.ListAsync(await fixture.BuildAsync(fixture.Tar("a", archive))));
    }

    [Fact]
    public async Task Names_that_take_more_memory_than_an_archive_may_are_refused()
    {
        using var spool = new BlobSpool(default, DigestFunction.Sha256);
        string name = string.Join('/', Enumerable.Repeat(new string('x', 255), 250)); // once in memory here, as often as it comes where it is read

        ImageException refusal = await Assert.ThrowsAsync<ImageException>(() => new ArchiveUnpacking(new RecipeArchive { Path = "a.tar", Sha256 = "", Type = ArchiveType.Tar }, spool).RunAsync(
            Enumerable.Repeat(new ArchiveEntry(name, ArchiveEntryKind.Directory), 10_000).ToAsyncEnumerable(), TestContext.Current.CancellationToken));

        Assert.Contains("million characters", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_unpacks_to_more_than_it_may_is_refused()
    {
        await using var bomb = new BoundedStream(new MemoryStream(new byte[1000]), 999);

        await Assert.ThrowsAsync<ImageException>(() => bomb.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Devices_are_left_out_and_privileges_dropped_with_a_notice()
    {
        using var fixture = new ImageFixture();
        const UnixFileMode Run = UnixFileMode.UserRead | UnixFileMode.UserExecute;

        BuiltImage image = await fixture.BuildAsync(fixture.Tar(
            "a", Archive.Special("dev/null", TarEntryType.CharacterDevice).Special("dev/sda", TarEntryType.BlockDevice).Special("pipe", TarEntryType.Fifo)
                .File("su", "s", Run | UnixFileMode.SetUser).File("wall", "w", Run | UnixFileMode.SetGroup)));

        Assert.Equal(["su* = s", "wall* = w"], await fixture.ListAsync(image));
        Assert.Equal(
            ["'dev/null' is left out: a character device", "'dev/sda' is left out: a block device", "'pipe' is left out: a named pipe", "'su' loses its set-uid bit", "'wall' loses its set-gid bit"],
            image.Archives[0].Notices);
    }

    [Fact]
    public async Task Prefix_strip_and_exclude_say_what_goes_where()
    {
        using var fixture = new ImageFixture();
        RecipeArchive archive = fixture.Tar(
            "a", Archive.Directory("gcc-13/").File("gcc-13/README", "r").Executable("gcc-13/bin/gcc", "g").HardLink("gcc-13/bin/cc", "gcc-13/bin/gcc").File("gcc-13/share/doc/x/y", "d").File("top", "t"));

        BuiltImage image = await fixture.BuildAsync(archive with { Prefix = "opt/gcc", Strip = 1, Exclude = [new PathPattern("opt/gcc/share/doc"), new PathPattern("**/README"), new PathPattern("opt/gcc/bin/gcc")] });

        Assert.Equal(["opt/", "opt/gcc/", "opt/gcc/bin/", "opt/gcc/bin/cc* = g"], await fixture.ListAsync(image));
    }

    [Fact]
    public async Task A_name_that_occurs_again_replaces_what_it_was()
    {
        using var fixture = new ImageFixture();

        BuiltImage image = await fixture.BuildAsync(fixture.Tar("a", Archive.File("x", "1").File("x", "2").Symlink("y", "x").File("y", "3")));

        Assert.Equal(["x = 2", "y = 3"], await fixture.ListAsync(image));
    }

    [Fact]
    public async Task A_hard_link_to_nothing_is_refused()
    {
        using var fixture = new ImageFixture();

        Assert.Equal("a.tar: 'x' is a hard link to 'y', and no such file is in the archive", await fixture.FailAsync(fixture.Tar("a", Archive.HardLink("x", "y"))));
    }

    [Fact]
    public async Task Large_files_are_kept_whole()
    {
        using var fixture = new ImageFixture();
        string large = new('x', 300_000);

        BuiltImage image = await fixture.BuildAsync(fixture.Tar("a", Archive.File("one", large).File("two", large)));

        Assert.Equal([$"one = {large}", $"two = {large}"], await fixture.ListAsync(image));
        Assert.Equal((2, 300_000L, 1), (image.Files, image.Bytes, image.Archives[0].UploadedBlobs));
    }
}
