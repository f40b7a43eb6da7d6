using System.Text.Json;
using System.Text.RegularExpressions;
using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Images;

/// <summary>A small Debian with a compiler, made of its packages.</summary>
public sealed partial class DebianImageTests
{
    private const string Marker = "from the image\n";

    [Fact]
    public async Task It_is_the_same_again_and_actions_compile_in_it()
    {
        foreach (string program in new[] { "apt-get", "apt-cache", "xz" })
            Requires.Program(program, "apt and xz-utils: this test needs a Debian");
        Requires.Bazel();
        await using ChildProcess probe = ChildProcess.Start(ServerProcess.Program, ["worker", "--probe"]);
        await probe.WaitForExitAsync();
        Requires.True(probe.Output.Contains("sandbox 'cached-trees'", StringComparison.Ordinal), $"actions can't have a file system of their own here: {probe.Output}");
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "2");
        using var client = new ImageClient(server);
        await client.ShellAsync($"{Repository.Path("examples", "images", "debian-recipe")} g++ >debian.yaml");
        string recipe = File.ReadAllText(client["debian.yaml"]);
        Requires.True(recipe.Contains("/libc6-dev_", StringComparison.Ordinal), "apt knows no packages: apt-get update");
        recipe = recipe.Replace("\nfiles:\n", $"\nfiles:\n  - {{ path: etc/marker, content: \"{Marker.Replace("\n", "\\n", StringComparison.Ordinal)}\" }}\n", StringComparison.Ordinal);
        File.WriteAllText(client["debian.yaml"], recipe);
        File.WriteAllText(client["less.yaml"], FirstExclude().Replace(recipe, "exclude: [usr/share/**]", 1));

        JsonElement first = await client.BuildAsync("debian.yaml"), second = await client.BuildAsync("debian.yaml"), third = await client.BuildAsync("less.yaml");

        int archives = first.GetProperty("archives").GetArrayLength();
        Assert.InRange(archives, 80, 200);
        Assert.Equal([0, archives, archives - 1], new[] { first, second, third }.Select(CountCached));
        string property = first.GetProperty("property").GetString()!;
        Assert.Equal(property, second.GetProperty("property").GetString());
        Assert.Equal($"rootfs={first.GetProperty("root").GetString()}", property);

        await CompileAsync(server, property);
    }

    private static async Task CompileAsync(ServerProcess server, string property)
    {
        await using var workspace = new BazelWorkspace();
        workspace.Write("main.cc", "#include <fstream>\n#include <iostream>\nint main() { std::cout << std::ifstream(\"/etc/marker\").rdbuf(); }\n");
        Assert.True(File.Exists("/usr/bin/bazel")); // which actions must not see
        workspace.Write("BUILD", """
            genrule(name = "compile", srcs = ["main.cc"], outs = ["main"], cmd = "test ! -e /usr/bin/bazel && c++ -O2 $< -o $@")
            genrule(name = "run", outs = ["said.txt"], tools = [":main"], cmd = "$(location :main) > $@")
            """);

        (await workspace.BuildAsync(server.RemoteExecutorFlag, $"--remote_default_exec_properties={property}", "//:run")).Succeeded().DidAllBy("remote", atLeast: 2);

        Assert.Equal(Marker, File.ReadAllText(workspace.Output("said.txt")));
    }

    private static int CountCached(JsonElement build) => build.GetProperty("archives").EnumerateArray().Count(archive => archive.GetProperty("isCached").GetBoolean());

    [GeneratedRegex(@"exclude: \[.*\]")]
    private static partial Regex FirstExclude();
}
