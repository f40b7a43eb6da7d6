namespace RemoteExec.Runs.Inputs;

/// <summary>A command that is to be run, beside its inputs. Paths are in the form of <see cref="RootPath"/>, below the root of the inputs.</summary>
public sealed record RunSpec
{
    /// <summary>The program and its arguments; at least the program.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The variables of its environment, and nothing else is in that.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The files and directories that it makes.</summary>
    public IReadOnlyCollection<string> Outputs { get; init; } = [];

    /// <summary>What the worker has to offer, by the properties of the API's platforms.</summary>
    public IReadOnlyCollection<KeyValuePair<string, string>> Platform { get; init; } = [];

    /// <summary>The directory that it runs in.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>After how long it is stopped; null for the server's own choice.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether its result may be answered from the cache, and is kept there.</summary>
    public bool IsCached { get; init; }
}
