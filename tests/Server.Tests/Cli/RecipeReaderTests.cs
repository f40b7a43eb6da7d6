using System.Text;
using RemoteExec.Images;
using RemoteExec.Server.Cli.Images;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Cli;

public sealed class RecipeReaderTests
{
    private const string Sum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static string Problems(string text) => string.Join('\n', Assert.Throws<ConfigException>(() => RecipeReader.Parse("/r/a.yaml", text)).Problems);

    [Fact]
    public void A_recipe_says_what_an_image_is_made_of()
    {
        ImageRecipe recipe = RecipeReader.Parse("/r/a.yaml", $$"""
            directories: [tmp, var/tmp]
            symlinks:
              - { path: bin, target: usr/bin }
            archives:
              - { path: ../gcc.tar.xz, sha256: {{Sum}}, prefix: opt/gcc, strip: 1, exclude: [opt/gcc/share/**, "**/*.la"], replace: true }
              - url: https://host/pool/libc6_2.36-9%2bdeb12u10_amd64.deb
                sha256: {{Sum}}
              - { url: "file:///a%20b/x", type: tar.zst, sha256: {{Sum}} }
            files:
              - { path: etc/motd, content: "hi\n" }
              - { path: bin/run, content: x, executable: true }
              - { path: etc/empty }
            """);

        Assert.Equal(["tmp", "var/tmp"], recipe.Directories);
        Assert.Equal([new RecipeSymlink("bin", "usr/bin")], recipe.Symlinks);
        Assert.Equal(["/gcc.tar.xz", "", "/a b/x"], recipe.Archives.Select(archive => archive.Path));
        Assert.Equal(["gcc.tar.xz", "libc6_2.36-9+deb12u10_amd64.deb", "x"], recipe.Archives.Select(archive => archive.Name));
        Assert.Equal([ArchiveType.TarXz, ArchiveType.Deb, ArchiveType.TarZst], recipe.Archives.Select(archive => archive.Type));
        Assert.Equal(("opt/gcc", 1, true), (recipe.Archives[0].Prefix, recipe.Archives[0].Strip, recipe.Archives[0].Replace));
        Assert.Equal(["opt/gcc/share/**", "**/*.la"], recipe.Archives[0].Exclude.Select(pattern => pattern.Text));
        Assert.Equal([("etc/motd", "hi\n", false), ("bin/run", "x", true), ("etc/empty", "", false)], recipe.Files.Select(file => (file.Path, Encoding.UTF8.GetString(file.Content.Span), file.IsExecutable)));
    }

    [Theory]
    [InlineData("archives:\n  - path: a.tar\n    sha265: x", "/r/a.yaml(3,5): archives[0].sha265: unknown key; known here: path, url, sha256, type, prefix, strip, exclude, replace")]
    [InlineData("archive: []", "/r/a.yaml(1,1): archive: unknown key; known here: directories, symlinks, archives, files")]
    [InlineData("archives: []", "/r/a.yaml(1,1): there is nothing in the recipe: write 'archives:' and a list")]
    [InlineData("", "there is nothing in the recipe: write 'archives:' and a list")]
    [InlineData("archives:\n  - { path: a.tar }", "/r/a.yaml(2,5): archives[0]: 'sha256' is missing: write the checksum of the archive, as sha256sum prints it")]
    [InlineData("archives:\n  - { path: a.tar, sha256: ABC }", "/r/a.yaml(2,28): archives[0].sha256: 'ABC' is no sha256: it has 64 digits out of 0-9 and a-f")]
    [InlineData($"archives:\n  - {{ sha256: {Sum}, type: tar }}", "/r/a.yaml(2,5): archives[0]: an archive has either a 'path' or a 'url'")]
    [InlineData($"archives:\n  - {{ path: a, url: 'http://b/c', sha256: {Sum}, type: tar }}", "/r/a.yaml(2,5): archives[0]: an archive has either a 'path' or a 'url'")]
    [InlineData($"archives:\n  - {{ url: ftp://host/a.tar, sha256: {Sum} }}", "/r/a.yaml(2,12): archives[0].url: 'ftp://host/a.tar' is none that can be fetched: it begins with https://, http:// or file://")]
    [InlineData($"archives:\n  - {{ path: a.rar, sha256: {Sum} }}", "/r/a.yaml(2,5): archives[0]: its name does not tell what kind of archive it is: write 'type:' and one of tar, tar.gz, tar.xz, tar.zst, deb, whl, zip, tar.bz2")]
    [InlineData($"archives:\n  - {{ path: a.tar, sha256: {Sum}, type: rpm }}", "/r/a.yaml(2,100): archives[0].type: 'rpm' is none of tar, tar.gz, tar.xz, tar.zst, deb, whl, zip, tar.bz2")]
    [InlineData($"archives:\n  - {{ path: a.tar, sha256: {Sum}, prefix: ../x }}", "/r/a.yaml(2,102): archives[0].prefix: '../x' leads out of its directory with '..'")]
    [InlineData($"archives:\n  - {{ path: a.tar, sha256: {Sum}, strip: -1 }}", "/r/a.yaml(2,101): archives[0].strip: can't be negative")]
    [InlineData($"archives:\n  - {{ path: a.tar, sha256: {Sum}, exclude: /usr }}", "/r/a.yaml(2,103): archives[0].exclude: '/usr' fits nothing: patterns are for paths in the image, without a slash at either end")]
    [InlineData("symlinks: [{ path: /bin, target: x }]", "/r/a.yaml(1,20): symlinks[0].path: '/bin' is absolute: names begin at the root of the image, without a slash")]
    [InlineData("symlinks: [{ path: bin }]", "/r/a.yaml(1,12): symlinks[0].target: is missing: write where the symlink leads")]
    [InlineData("directories: [usr//bin]", "/r/a.yaml(1,14): directories: 'usr//bin' is no path in an image: write it like usr/bin/env")]
    [InlineData("files: [{ path: . }]", "/r/a.yaml(1,17): files[0].path: '.' is no path in an image: write it like usr/bin/env")]
    [InlineData("files: [", "/r/a.yaml(2,1): no valid YAML: ")]
    public void A_mistake_is_told_with_its_line(string text, string problem) => Assert.StartsWith(problem, Problems(text), StringComparison.Ordinal);
}
