namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>The console that the program has inside is kept in the repository as it was built, so that building the program takes no more than .NET.</summary>
public sealed class ConsoleBuildTests
{
    [Fact]
    public async Task The_console_in_the_program_is_what_its_sources_make()
    {
        Requires.Program("npm", "npm");
        using var copy = new TemporaryDirectory();
        string sources = Repository.Path("src", "Console");
        foreach (string path in Directory.GetFiles(sources, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(sources, path);
            if (name.Split('/')[0] is "node_modules" or "dist")
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(copy[name])!);
            File.Copy(path, copy[name]);
        }

        await Npm.InstallAsync(copy.FullPath);
        foreach (string script in (string[])["check", "build"])
        {
            (int exitCode, string output) = await Npm.RunScriptAsync(copy.FullPath, script);
            Assert.True(exitCode == 0, output);
        }

        Assert.Equal(Contents(Path.Combine(sources, "dist")), Contents(copy["dist"]));
    }

    [Fact]
    public async Task The_description_of_the_api_is_valid()
    {
        Requires.Program("npm", "npm");
        using var copy = new TemporaryDirectory();
        string console = copy["src", "Console"], description = copy["docs", "openapi.json"];
        Directory.CreateDirectory(console);
        Directory.CreateDirectory(copy["docs"]);
        foreach (string name in (string[])["package.json", "package-lock.json"])
            File.Copy(Repository.Path("src", "Console", name), Path.Combine(console, name));
        File.Copy(Repository.Path("docs", "openapi.json"), description);

        await Npm.InstallAsync(console);
        (int exitCode, string output) = await Npm.RunScriptAsync(console, "validate");

        Assert.True(exitCode == 0, output);
        await File.WriteAllTextAsync(description, """{ "openapi": "3.1.0" }""", TestContext.Current.CancellationToken);
        Assert.NotEqual(0, (await Npm.RunScriptAsync(console, "validate")).ExitCode);
    }

    private static SortedDictionary<string, string> Contents(string directory) =>
        new(Directory.GetFiles(directory, "*", SearchOption.AllDirectories).ToDictionary(path => Path.GetRelativePath(directory, path), File.ReadAllText), StringComparer.Ordinal);
}
