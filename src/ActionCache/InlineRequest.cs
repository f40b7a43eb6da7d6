namespace RemoteExec.ActionCache;

/// <summary>What a client would like to have within the answer, instead of reading it from the CAS (AC-03, EXE-15).</summary>
/// <param name="Stdout">The standard output.</param>
/// <param name="Stderr">The standard error.</param>
/// <param name="OutputFiles">Output files, by exactly the path they have in the result; other paths are ignored (AC-04).</param>
public sealed record InlineRequest(bool Stdout, bool Stderr, IReadOnlyCollection<string> OutputFiles)
{
    /// <summary>Nothing.</summary>
    public static InlineRequest Nothing { get; } = new(false, false, []);

    /// <summary>What most clients ask for: stdout and stderr.</summary>
    public static InlineRequest Output { get; } = new(true, true, []);

    /// <summary>False if it changes nothing of a result, whatever the CAS has.</summary>
    public bool MayConcern(CachedResult result) => OutputFiles.Count > 0 || ((Stdout || Stderr) && result.Refs is not { HasOutput: false });
}
