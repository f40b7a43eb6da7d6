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
        // As a clean clone has them, and of no repository.
        string[] places = [Directory.CreateDirectory(directory["sources"]).FullName, Directory.CreateDirectory(directory["other sources/of the same"]).FullName];
        await Shell.RunAsync(
            Repository.Path("."), "sh", "-c", "tar --exclude=./artifacts --exclude=./.git --exclude=node_modules -c . | tee \"$1.tar\" | tar -x -C \"$1\" && tar -x -f \"$1.tar\" -C \"$2\"", "sh", places[0], places[1]);
        foreach ((string target, string sources) in new[] { First, Second }.Zip(places))
        {
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
