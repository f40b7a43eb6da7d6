using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Persistent;

namespace RemoteExec.Worker.Tests.Persistent;

/// <summary>A worker, and actions of a tool that can be a persistent process.</summary>
internal sealed class PersistentFixture(ActionFixture worker) : IAsyncDisposable
{
    private const string Tool = "tools/persistent-tool.py";

    public ActionFixture Worker { get; } = worker;

    public int Processes => Worker.Persistent!.Count;

    public IEnumerable<string> Failures => Worker.Log.Entries.Select(entry => entry.Text).Where(text => text.Contains("persistent process", StringComparison.Ordinal));

    public static async Task<PersistentFixture> MakeAsync(PersistentOptions? options = null, string? tier = null)
    {
        Needs.ActionUsers();
        return new(await ActionFixture.MakeAsync(worker => worker with { Slots = 2, Sandbox = worker.Sandbox with { Persistent = options ?? new PersistentOptions() } }, tier: tier));
    }

    /// <summary>Adds what the tool consists of.</summary>
    public async Task AddToolAsync(bool isMarked = true, string suffix = "")
    {
        string source = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "tests/Worker.Tests/Persistent/persistent-tool.py"));
        Reapi.NodeProperties? mark = isMarked ? new() { Properties = { new Reapi.NodeProperty { Name = "bazel_tool_input" } } } : null;
        await Worker.AddFileAsync(Tool, source + suffix, properties: mark);
    }

    /// <summary>Has the tool do something; inputs that were added before are there.</summary>
    public async Task<Said> RunAsync(string words, Asked? asked = null, CancellationToken? cancellationToken = null)
    {
        asked ??= new Asked();
        await AddToolAsync(asked.IsMarked, asked.ToolSuffix);
        await Worker.AddFileAsync("args", words.Replace(' ', '\n') + "\n");
        var command = new Reapi.Command { Arguments = { "/usr/bin/python3", Tool, asked.Flags, "@args" }, OutputPaths = { "out" } };
        command.EnvironmentVariables.Add(new Reapi.Command.Types.EnvironmentVariable { Name = "PYTHONDONTWRITEBYTECODE", Value = "1" });
        MerkleTree tree = Worker.Inputs.Build();
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await Cas.BlobStoreExtensions.WriteAllAsync(Worker.Cas, digest, encoded, CancellationToken.None);
        Worker.ForgetInputs();
        var platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = "persistentWorkerKey", Value = asked.Key } } };
        if (asked.Flags.Contains("--json"))
            platform.Properties.Add(new Reapi.Platform.Types.Property { Name = "persistentWorkerProtocol", Value = "json" });
        var action = new Reapi.Action { CommandDigest = (await Worker.StoreAsync(command)).ToProto(), InputRootDigest = tree.RootDigest.ToProto(), Platform = platform };
        Reapi.ExecuteResponse response = (await Worker.RunAsync(action, asked.Timeout, cancellationToken)).Response;
        return new Said(response, await Worker.ReadAsync(response.Result?.StderrDigest));
    }

    public ValueTask DisposeAsync() => Worker.DisposeAsync();
}

/// <summary>How an action differs from others.</summary>
internal sealed record Asked
{
    public string Key { get; init; } = "key";

    public string[] Flags { get; init; } = [];

    public string ToolSuffix { get; init; } = "";

    public bool IsMarked { get; init; } = true;

    public TimeSpan? Timeout { get; init; }
}

/// <summary>What became of it.</summary>
internal sealed record Said(Reapi.ExecuteResponse Response, string Stderr)
{
    /// <summary>Which start of the tool did it; null if it was run once.</summary>
    public string? Start => Stderr.StartsWith("start ", StringComparison.Ordinal) ? Stderr.Split(' ')[1] : null;

    public string Text => Stderr[(Stderr.IndexOf(": ", StringComparison.Ordinal) + 2)..].TrimEnd('\n');
}
