namespace RemoteExec.Execution.Operations;

/// <summary>What a client would like to find inside a result instead of having to fetch it (EXE-15).</summary>
/// <param name="Stdout">The standard output.</param>
/// <param name="Stderr">The standard error.</param>
/// <param name="OutputFiles">Paths of output files.</param>
internal sealed record InliningHints(bool Stdout, bool Stderr, IReadOnlyList<string> OutputFiles)
{
    /// <summary>Nothing.</summary>
    public static InliningHints None { get; } = new(false, false, []);
}
