using RemoteExec.Trees;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Images.Tests;

public sealed class ImageDiffTests
{
    [Fact]
    public async Task What_differs_is_told_and_nothing_else()
    {
        using var fixture = new ImageFixture();
        BuiltImage before = await fixture.BuildAsync(fixture.Tar("a", TestArchive.New().File("same/x", "1").File("dir/gone", "1").File("dir/kept", "1").File("dir/mode", "1").Symlink("link", "a").File("kind/x", "1").Directory("old/empty")));
        BuiltImage after = await fixture.BuildAsync(fixture.Tar("b", TestArchive.New().File("same/x", "1").File("dir/new", "1").File("dir/kept", "2").Executable("dir/mode", "1").Symlink("link", "b").File("kind", "1")));

        TreeDifference[] differences = [.. TreeDiff.Between(await LoadAsync(fixture, before), await LoadAsync(fixture, after))];

        Assert.Equal(
            ["dir/gone Removed", "dir/kept Changed", "dir/mode Changed", "dir/new Added", "kind Changed", "kind/x Removed", "link Changed", "old Removed", "old/empty Removed"],
            differences.Select(difference => $"{difference.Path} {difference.Change}"));
        Assert.Empty(TreeDiff.Between(await LoadAsync(fixture, before), await LoadAsync(fixture, before)));
    }

    [Fact]
    public async Task An_image_that_is_not_there_is_told()
    {
        using var fixture = new ImageFixture();
        BuiltImage image = await fixture.BuildAsync(fixture.Tar("a", TestArchive.New().File("a/b/c", "1")));
        fixture.LoseCas();

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => LoadAsync(fixture, image));

        Assert.Equal($"the server has no directory {image.Root}", exception.Message);
    }

    private static Task<StoredTree> LoadAsync(ImageFixture fixture, BuiltImage image) => StoredTree.LoadAsync(fixture.Cas, image.Root, TestContext.Current.CancellationToken);
}
