namespace RemoteExec.Server.Configuration;

/// <summary>Where a setting comes from: a place in a file, an environment variable, or a flag.</summary>
/// <param name="Source">The file, the variable or the flag, as the user named it.</param>
/// <param name="Line">The line in a file, from 1; 0 if the source has no lines.</param>
/// <param name="Column">The column in a file, from 1.</param>
internal sealed record ConfigOrigin(string Source, int Line = 0, int Column = 0)
{
    /// <summary>True for environment variables, in whose names upper and lower case can't be told apart.</summary>
    public bool IgnoresCase { get; init; }

    /// <summary><c>file(line,column)</c>, or the source alone.</summary>
    public override string ToString() => Line == 0 ? Source : $"{Source}({Line},{Column})";
}
