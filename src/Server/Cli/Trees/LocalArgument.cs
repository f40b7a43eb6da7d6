namespace RemoteExec.Server.Cli.Trees;

/// <summary>How directories on this machine are told from references where both may be meant.</summary>
internal static class LocalArgument
{
    /// <summary>True if an argument is a directory on this machine: it begins with a slash, or with a segment of dots.</summary>
    public static bool IsDirectory(string text) => text is "." or ".." || text.StartsWith('/') || text.StartsWith("./", StringComparison.Ordinal) || text.StartsWith("../", StringComparison.Ordinal);
}
