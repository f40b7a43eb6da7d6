namespace RemoteExec.Release.Tests;

/// <summary>Two releases of the same sources, which lay at different places.</summary>
public sealed class Releases : IAsyncLifetime
{
    private static readonly Dictionary<string, string?> environment = new() { ["SOURCE_DATE_EPOCH"] = "1700000000", ["CI"] = null };
    private readonly TemporaryDirectory directory = new();

    /// <summary>The folder of the first.</summary>
    public string First => directory["first"];

    /// <summary>The folder of the second.</summary>
    public string Second => directory["second"];

    public async ValueTask InitializeAsync()
    {
        foreach ((string target, string place) in ((string, string)[])[(First, "sources"), (Second, "other sources/of the same")])
        {
            // As a clean clone has them, and of no repository.
            string sources = Directory.CreateDirectory(directory[place]).FullName;
            await Shell.RunAsync(Repository.Path("."), "sh", "-c", "tar --exclude=./artifacts --exclude=./.git --exclude=node_modules -c . | tar -x -C \"$1\"", "sh", sources);
            await Shell.RunAsync(environment, sources, "./dev", "publish", "--release", target);
            Directory.Delete(sources, recursive: true);
        }
    }

    public ValueTask DisposeAsync()
    {
        directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
