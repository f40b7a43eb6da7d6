using System.Text.Json;

namespace RemoteExec.Release.Tests;

/// <summary>What is given away: tarball, checksums, and what it is made of.</summary>
public sealed class ReleaseTests(Releases releases) : IClassFixture<Releases>
{
    private const string Name = "remoteexec-0.1.0-linux-x64";

    [Fact]
    public void The_same_sources_at_two_places_make_the_same_bytes()
    {
        string[] first = File.ReadAllLines(Path.Combine(releases.First, "SHA256SUMS")), second = File.ReadAllLines(Path.Combine(releases.Second, "SHA256SUMS"));

        Assert.Equal([$"{Name}.tar.gz", $"{Name}.cdx.json"], first.Select(line => line.Split("  ")[1]));
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task The_checksums_are_those_of_the_files()
    {
        Assert.Equal($"{Name}.tar.gz: OK\n{Name}.cdx.json: OK\n", await Shell.RunAsync(releases.First, "sha256sum", "--check", "SHA256SUMS"));
    }

    [Fact]
    public async Task What_is_installed_as_it_is_written_serves()
    {
        using var directory = new TemporaryDirectory();
        string text = await File.ReadAllTextAsync(Repository.Path("docs", "install.md"), TestContext.Current.CancellationToken);
        string commands = text.Split("```sh unpacked\n")[1].Split("```")[0].Replace("/opt", directory.FullPath, StringComparison.Ordinal).Replace("dist", releases.First, StringComparison.Ordinal);
        await Shell.RunAsync(directory.FullPath, "sh", "-e", "-c", commands);
        string program = directory["remoteexec/remoteexec"], address = $"unix:{directory["grpc.sock"]}";
        await using ChildProcess server = ChildProcess.Start(
            program, ["serve", "--data", directory["data"], "--grpc", address, "--http", "127.0.0.1:0"], environment: new Dictionary<string, string?> { ["DOTNET_ROOT"] = "/nowhere" });
        await server.WaitForOutputAsync(output => output.Contains("\nready: ", StringComparison.Ordinal), "ready");

        Assert.Equal("SERVING\n", await Shell.RunAsync(directory.FullPath, program, "health", "--server", address));
        Assert.Equal(0, await Shell.ExitCodeOfAsync(directory[$"{Name}/remoteexec-launcher"], "--help"));

        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Fact]
    public async Task What_it_is_made_of_is_a_CycloneDX_document_and_what_is_wrong_would_be_found()
    {
        Requires.Program("npm", "npm");
        using var directory = new TemporaryDirectory();
        foreach (string file in Directory.GetFiles(Repository.Path("tests", "Release.Tests", "Sbom")))
            File.Copy(file, directory[Path.GetFileName(file)]);
        await Shell.RunAsync(directory.FullPath, "npm", "ci", "--no-audit", "--no-fund");
        string document = await File.ReadAllTextAsync(Path.Combine(releases.First, $"{Name}.cdx.json"), TestContext.Current.CancellationToken);

        Assert.Equal("", await CheckAsync(document));
        Assert.Contains("\"instancePath\"", await CheckAsync(document.Replace("\"type\": \"library\"", "\"type\": \"librarian\"", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("\"instancePath\"", await CheckAsync(document.Replace("\"specVersion\": ", "\"specVersions\": ", StringComparison.Ordinal)), StringComparison.Ordinal);

        async Task<string> CheckAsync(string text)
        {
            await File.WriteAllTextAsync(directory["bom.json"], text, TestContext.Current.CancellationToken);
            return await Shell.RunAsync(directory.FullPath, "sh", "-c", "node check.mjs || true");
        }
    }

    [Fact]
    public async Task Each_library_that_is_shipped_is_named_with_its_licence_and_its_hash()
    {
        using JsonDocument document = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(releases.First, $"{Name}.cdx.json"), TestContext.Current.CancellationToken));
        JsonElement[] components = [.. document.RootElement.GetProperty("components").EnumerateArray()];
        string listing = await Shell.RunAsync(releases.First, "tar", "-tzf", $"{Name}.tar.gz");
        string[] libraries = [.. listing.Split('\n').Where(path => path.EndsWith(".dll", StringComparison.Ordinal)).Select(path => Path.GetFileNameWithoutExtension(path))];
        string[] names = [.. components.Select(component => component.GetProperty("name").GetString()!), "remoteexec"];

        // Those of .NET itself are in its two packs; SQLite's have a part of the package's name.
        string[] nameless = [.. libraries.Where(library => !names.Contains(library) && !library.StartsWith("System.", StringComparison.Ordinal) && !library.StartsWith("Microsoft.", StringComparison.Ordinal))];
        Assert.Equal(["SQLitePCLRaw.batteries_v2", "System", "WindowsBase", "mscorlib", "netstandard"], nameless.Order(StringComparer.Ordinal));
        Assert.Subset(names.ToHashSet(), new HashSet<string> { "Microsoft.NETCore.App.Runtime.linux-x64", "Microsoft.AspNetCore.App.Runtime.linux-x64", "SQLitePCLRaw.bundle_e_sqlite3", "Microsoft.Data.Sqlite.Core", "preact", "uplot" });
        foreach (JsonElement component in components.Where(component => !component.GetProperty("name").GetString()!.StartsWith("RemoteExec.", StringComparison.Ordinal)))
        {
            Assert.True(component.TryGetProperty("licenses", out _), component.ToString());
            Assert.True(component.GetProperty("type").GetString() == "framework" || component.TryGetProperty("hashes", out _), component.ToString());
        }
    }
}
