using RemoteExec.Images.Trees;
using RemoteExec.Protocol;

namespace RemoteExec.Images.Tests;

public sealed class ImageBuilderTests
{
    private static TestArchive Sample(string word = "hello") => TestArchive.New()
        .Directory("./").Directory("./usr/").Directory("./usr/bin/").Directory("./empty/")
        .Executable("./usr/bin/hello", $"#!/bin/sh\necho {word}\n").File("./usr/share/greeting", word).Symlink("./usr/bin/hi", "hello").HardLink("./usr/bin/hallo", "./usr/bin/hello");

    [Fact]
    public async Task An_image_has_what_the_archives_have()
    {
        using var fixture = new ImageFixture();

        BuiltImage image = await fixture.BuildAsync(fixture.Tar("a", Sample()));

        Assert.Equal(
            ["empty/", "usr/", "usr/bin/", "usr/bin/hallo* = #!/bin/sh\necho hello\n", "usr/bin/hello* = #!/bin/sh\necho hello\n", "usr/bin/hi -> hello", "usr/share/", "usr/share/greeting = hello"],
            await fixture.ListAsync(image));
        Assert.Equal((3, 26L), (image.Files, image.Bytes));
    }

    [Fact]
    public async Task The_digest_is_the_same_on_every_machine()
    {
        Chance chance = Chance.Create();
        using var here = new ImageFixture();
        BuiltImage first = await here.BuildAsync(here.Tar("a", Sample()), here.Tar("b", TestArchive.New().File("etc/x", "1").File("etc/y", "2")));

        for (int i = 0; i < 20 * Chance.Effort; i++)
        {
            Random random = chance.ForCase(i).Random;
            using var there = new ImageFixture();
            BuiltImage other = await there.BuildAsync(
                there.Tar("other", Sample().Owned(random.Next(60000), DateTimeOffset.FromUnixTimeSeconds(random.Next())).Shuffled(random)),
                there.Tar("b", TestArchive.New().File("etc/y", "2").File("etc/x", "1")));
            Assert.True(first.Root == other.Root, chance.ForCase(i).ToString());
        }
    }

    [Theory]
    [InlineData(DigestFunction.Blake3)]
    [InlineData(DigestFunction.GitSha1)]
    public async Task An_image_can_have_digests_of_another_function(DigestFunction function)
    {
        using var fixture = new ImageFixture { Function = function };

        BuiltImage image = await fixture.BuildAsync(fixture.Tar("a", TestArchive.New().File("x", "1")));

        Assert.Equal(function, image.Root.Function);
        Assert.Equal(["x = 1"], await fixture.ListAsync(image));
    }

    [Fact]
    public async Task Changing_one_archive_re_does_one_archive()
    {
        using var fixture = new ImageFixture();
        RecipeArchive[] archives = [fixture.Tar("a", Sample()), fixture.Tar("b", TestArchive.New().File("b", "1")), fixture.Tar("c", TestArchive.New().File("c", "1"))];
        BuiltImage first = await fixture.BuildAsync(archives);
        Assert.All(first.Archives, archive => Assert.False(archive.IsCached));

        archives[1] = fixture.Tar("b", TestArchive.New().File("b", "2"));
        BuiltImage second = await fixture.BuildAsync(archives);

        Assert.Equal([true, false, true], second.Archives.Select(archive => archive.IsCached));
        Assert.Equal([0, 1, 0], second.Archives.Select(archive => archive.UploadedBlobs));
        Assert.NotEqual(first.Root, second.Root);
        Assert.Contains("b = 2", await fixture.ListAsync(second));
    }

    [Fact]
    public async Task What_is_wanted_of_an_archive_is_part_of_what_is_known_of_it()
    {
        using var fixture = new ImageFixture();
        RecipeArchive archive = fixture.Tar("a", Sample());
        await fixture.BuildAsync(archive);

        foreach (RecipeArchive other in new[] { archive with { Prefix = "opt" }, archive with { Strip = 1 }, archive with { Exclude = [new PathPattern("usr/share")] } })
            Assert.False((await fixture.BuildAsync(other)).Archives[0].IsCached);
        Assert.True((await fixture.BuildAsync(archive)).Archives[0].IsCached);
    }

    [Fact]
    public async Task What_is_known_counts_only_if_the_server_has_it()
    {
        using var fixture = new ImageFixture();
        RecipeArchive archive = fixture.Tar("a", Sample());
        BuiltImage first = await fixture.BuildAsync(archive);
        fixture.LoseCas();

        BuiltImage second = await fixture.BuildAsync(archive);

        Assert.Equal((false, 2), (second.Archives[0].IsCached, second.Archives[0].UploadedBlobs));
        Assert.Equal(first.Root, second.Root);
        Assert.NotEmpty(await fixture.ListAsync(second));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public async Task What_is_known_and_damaged_is_not_known(int offset)
    {
        using var fixture = new ImageFixture();
        RecipeArchive archive = fixture.Tar("a", Sample());
        BuiltImage first = await fixture.BuildAsync(archive);
        string file = Assert.Single(Directory.GetFiles(fixture.Cache));
        byte[] content = File.ReadAllBytes(file);
        content[offset] ^= 1;
        File.WriteAllBytes(file, content);

        BuiltImage second = await fixture.BuildAsync(archive);

        Assert.Equal((false, first.Root), (second.Archives[0].IsCached, second.Root));
    }

    [Fact]
    public async Task An_archive_that_is_another_one_is_refused()
    {
        using var fixture = new ImageFixture();
        RecipeArchive archive = fixture.Tar("a", Sample()) with { Sha256 = new string('0', 64) };

        string message = await fixture.FailAsync(archive);

        Assert.StartsWith("a.tar: it is not the archive that the recipe means: its sha256 is ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_that_is_not_there_is_told()
    {
        using var fixture = new ImageFixture();
        RecipeArchive archive = fixture.Tar("a", Sample());
        File.Delete(archive.Path);

        Assert.Equal($"a.tar: {archive.Path} can't be read: there is no such file", await fixture.FailAsync(archive));
    }

    [Fact]
    public async Task A_recipe_s_own_links_come_before_the_archives_and_its_files_after_them()
    {
        using var fixture = new ImageFixture();

        BuiltImage image = await fixture.BuildAsync(new ImageRecipe
        {
            Directories = ["tmp"],
            Symlinks = [new("bin", "usr/bin"), new("bin/sh", "dash")],
            Archives = [fixture.Tar("a", TestArchive.New().Executable("bin/dash", "d").File("etc/passwd", "old"))],
            Files = [new("etc/passwd", "new"u8.ToArray(), false), new("bin/run", "r"u8.ToArray(), true)],
        });

        Assert.Equal(
            ["bin -> usr/bin", "etc/", "etc/passwd = new", "tmp/", "usr/", "usr/bin/", "usr/bin/dash* = d", "usr/bin/run* = r", "usr/bin/sh -> dash"], await fixture.ListAsync(image));
        Assert.Equal([new ImageConflict("etc/passwd", "a.tar", "the recipe")], image.Conflicts);
    }
}
