namespace RemoteExec.Release.Tests;

/// <summary>The image that deploy/Containerfile describes.</summary>
public sealed class ImageTests
{
    [Fact]
    public async Task The_image_is_built_as_it_is_written_and_serves_as_its_user()
    {
        foreach (string program in (string[])["buildah", "mmdebstrap", "curl"])
            Requires.Program(program, program);
        using var scratch = new TemporaryDirectory();

        string output = await Shell.RunAsync(Repository.Path("."), Repository.Path("eng", "release", "check-image.sh"), scratch.FullPath);

        Assert.Contains("the image serves, is well, and stops as it is told, in a root file system that can't be written to\n", output, StringComparison.Ordinal);
    }
}
