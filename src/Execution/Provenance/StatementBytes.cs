namespace RemoteExec.Execution.Provenance;

/// <summary>What is signed of a statement: with words before it that say what it is, so that a signature is never good for something else.</summary>
internal static class StatementBytes
{
    /// <summary>The bytes.</summary>
    public static byte[] Of(ReadOnlySpan<byte> statement) => [.. "remoteexec provenance 1\n"u8, .. statement];
}
