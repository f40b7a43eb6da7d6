using System.Text.Json.Serialization;

namespace RemoteExec.Builds.Explain;

/// <summary>In what two actions differ, part by part. Whatever is empty or null is the same in both, or could not be compared: <see cref="NotCompared"/> says what.</summary>
public sealed record ActionComparison
{
    /// <summary>The arguments; those that only moved are not among them if <see cref="IsArgumentOrder"/>.</summary>
    public IReadOnlyList<ArgumentChange> Arguments { get; init; } = [];

    /// <summary>True if the arguments are the same, in another order.</summary>
    public bool IsArgumentOrder { get; init; }

    /// <summary>The environment's variables.</summary>
    public IReadOnlyList<ValueChange> Environment { get; init; } = [];

    /// <summary>The platform's properties; several values of one are joined.</summary>
    public IReadOnlyList<ValueChange> Platform { get; init; } = [];

    /// <summary>Where the command runs.</summary>
    public ValueChange? WorkingDirectory { get; init; }

    /// <summary>Declared outputs that only the later action has.</summary>
    public IReadOnlyList<string> OutputsAdded { get; init; } = [];

    /// <summary>Declared outputs that only the earlier action has.</summary>
    public IReadOnlyList<string> OutputsRemoved { get; init; } = [];

    /// <summary>The timeout.</summary>
    public ValueChange? Timeout { get; init; }

    /// <summary>The salt, in hexadecimal.</summary>
    public ValueChange? Salt { get; init; }

    /// <summary>Whether the result may be cached.</summary>
    public ValueChange? DoNotCache { get; init; }

    /// <summary>What else the messages say: how outputs are to be described.</summary>
    public IReadOnlyList<ValueChange> Others { get; init; } = [];

    /// <summary>The files, directories and symlinks below the input roots.</summary>
    public IReadOnlyList<InputChange> Inputs { get; init; } = [];

    /// <summary>True if the input roots have the same digest: then all inputs are the same.</summary>
    public bool IsSameInputRoot { get; init; }

    /// <summary>True if there are more changed inputs than <see cref="Inputs"/> lists.</summary>
    public bool HasMoreInputs { get; init; }

    /// <summary>What could not be compared, and why, in sentences.</summary>
    public IReadOnlyList<string> NotCompared { get; init; } = [];

    /// <summary>True if no difference was found.</summary>
    [JsonIgnore]
    public bool IsEmpty => this is
    {
        Arguments.Count: 0, IsArgumentOrder: false, Environment.Count: 0, Platform.Count: 0, WorkingDirectory: null, OutputsAdded.Count: 0, OutputsRemoved.Count: 0,
        Timeout: null, Salt: null, DoNotCache: null, Others.Count: 0, Inputs.Count: 0,
    };
}
