using RemoteExec.Images.Export;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Images.Tests.Trees;

/// <summary>What comes of archives that have the same paths.</summary>
public sealed class MergeTests
{
    private static TestArchive Archive => TestArchive.New();

    [Fact]
    public async Task The_later_one_wins_and_the_conflict_is_told()
    {
        using var fixture = new ImageFixture();

        BuiltImage image = await fixture.BuildAsync(
            fixture.Tar("a", Archive.File("same", "1").File("other", "1").File("mode", "1").Symlink("link", "x").File("kind", "1")),
            fixture.Tar("b", Archive.File("same", "1").File("other", "2").Executable("mode", "1").Symlink("link", "y").Symlink("kind", "same")));

        Assert.Equal(["kind -> same", "link -> y", "mode* = 1", "other = 2", "same = 1"], await fixture.ListAsync(image));
        Assert.Equal(["kind", "link", "mode", "other"], image.Conflicts.Select(conflict => conflict.Path));
        Assert.All(image.Conflicts, conflict => Assert.Equal(("a.tar", "b.tar"), (conflict.Earlier, conflict.Later)));
    }

    [Theory]
    [InlineData("usr/bin")]
    [InlineData("/usr/bin")]
    [InlineData("./usr/../usr//bin/")]
    [InlineData("../../usr/bin")]
    [InlineData("alias/bin")]
    public async Task A_directory_goes_where_an_earlier_symlink_leads(string target)
    {
        using var fixture = new ImageFixture();

        BuiltImage image = await fixture.BuildAsync(
            fixture.Tar("a", Archive.Symlink("bin", target).Symlink("alias", "usr").File("usr/bin/a", "a")), fixture.Tar("b", Archive.Directory("bin").File("bin/b", "b")));

        Assert.Equal(["alias -> usr", $"bin -> {target}", "usr/", "usr/bin/", "usr/bin/a = a", "usr/bin/b = b"], await fixture.ListAsync(image));
        Assert.Empty(image.Conflicts);
    }

    [Theory]
    [InlineData("../../../../outside", "outside/b = b")]
    [InlineData("/", "b = b")]
    [InlineData("/../..", "b = b")]
    public async Task No_symlink_leads_out_of_the_image(string target, string expected)
    {
        using var fixture = new ImageFixture();

        BuiltImage image = await fixture.BuildAsync(fixture.Tar("a", Archive.Symlink("deep/er/link", target)), fixture.Tar("b", Archive.File("deep/er/link/b", "b")));

        Assert.Contains(expected, await fixture.ListAsync(image));
    }

    [Theory]
    [InlineData("link", "link")]
    [InlineData("file", "x")]
    [InlineData("file/below", "x")]
    public async Task A_symlink_that_leads_to_no_directory_is_in_the_way(string target, string content)
    {
        using var fixture = new ImageFixture();

        string message = await fixture.FailAsync(fixture.Tar("a", Archive.Symlink("link", target).File("file", content)), fixture.Tar("b", Archive.File("link/b", "b")));

        Assert.Contains($"'link' is a directory in b.tar, but a symlink to '{target}', which leads to no directory, in a.tar", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Archives_come_out_as_if_tar_had_unpacked_one_after_the_other()
    {
        using var fixture = new ImageFixture();
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory["theirs"]);
        TestArchive[] archives =
        [
            Archive.Directory("usr/bin").Symlink("bin", "usr/bin").Symlink("usr/lib64", "lib").Directory("usr/lib").Symlink("lib64", "usr/lib64").File("etc/x", "1"),
            Archive.File("bin/a", "a").File("lib64/b", "b").File("etc/x", "2").Symlink("usr/bin/c", "../../etc/x"),
            Archive.File("usr/bin/d", "d").File("usr/lib64/e/f", "f").Symlink("bin/a", "d"),
        ];
        List<RecipeArchive> recipe = [];
        foreach (TestArchive archive in archives)
        {
            RecipeArchive added = fixture.Tar($"{recipe.Count}", archive);
            recipe.Add(added);
            await RunAsync("tar", "-C", directory["theirs"], "--keep-directory-symlink", "-xf", added.Path);
        }

        BuiltImage image = await fixture.BuildAsync([.. recipe]);

        await new ImageExport(fixture.Cas, await StoredTree.LoadAsync(fixture.Cas, image.Root, TestContext.Current.CancellationToken))
            .ToDirectoryAsync(directory["ours"], new Progress<long>(), TestContext.Current.CancellationToken);
        await RunAsync("diff", "-r", "--no-dereference", directory["theirs"], directory["ours"]);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        await using ChildProcess process = ChildProcess.Start(program, arguments);
        Assert.True(await process.WaitForExitAsync() == 0, process.Output);
    }

    [Fact]
    public async Task A_file_takes_no_directory_s_place_unless_it_is_asked_for()
    {
        using var fixture = new ImageFixture();
        RecipeArchive directory = fixture.Tar("a", Archive.File("x/y", "1")), file = fixture.Tar("b", Archive.File("x", "2"));

        Assert.StartsWith("'x' is a file in b.tar, but a directory, in a.tar. Write 'replace: true'", await fixture.FailAsync(directory, file), StringComparison.Ordinal);
        Assert.StartsWith("'x' is a directory in a.tar, but a file, in b.tar. Write", await fixture.FailAsync(file, directory), StringComparison.Ordinal);
        Assert.Equal(["x = 2"], await fixture.ListAsync(await fixture.BuildAsync(directory, file with { Replace = true })));
        Assert.Equal(["x/", "x/y = 1"], await fixture.ListAsync(await fixture.BuildAsync(file, directory with { Replace = true })));
    }

    [Fact]
    public async Task A_file_takes_no_place_of_a_symlink_to_a_directory_unless_it_is_asked_for()
    {
        using var fixture = new ImageFixture();
        RecipeArchive link = fixture.Tar("a", Archive.Symlink("x", "y").File("y/z", "1")), file = fixture.Tar("b", Archive.File("x", "2"));

        Assert.StartsWith("'x' is a file in b.tar, but a directory, in a.tar.", await fixture.FailAsync(link, file), StringComparison.Ordinal);
        Assert.Equal(["x = 2", "y/", "y/z = 1"], await fixture.ListAsync(await fixture.BuildAsync(link, file with { Replace = true })));
    }

    [Fact]
    public async Task Symlinks_to_what_is_missing_make_directories_not_deeper_than_any_walk_goes()
    {
        using var fixture = new ImageFixture();
        string down = string.Join('/', Enumerable.Repeat("d", 600));
        TestArchive Step(string from) => Archive.Symlink($"{from}link", down);

        string message = await fixture.FailAsync(fixture.Tar("a", Step("")), fixture.Tar("b", Archive.Symlink("link/more", down)), fixture.Tar("c", Archive.File("link/more/x", "1")));

        Assert.Contains("more than 1024 directories", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_clashes_are_told_by_the_first_few()
    {
        using var fixture = new ImageFixture();
        TestArchive files = Archive, directories = Archive;
        for (int i = 0; i < 9; i++)
            (files, directories) = (files.File($"{i}", "f"), directories.File($"{i}/x", "d"));

        Assert.Contains("'4' is a file in f.tar, but a directory, in d.tar; and 4 more. Write", await fixture.FailAsync(fixture.Tar("d", directories), fixture.Tar("f", files)), StringComparison.Ordinal);
    }
}
