namespace RemoteExec.Builds.Storage;

/// <summary>The pages that a file is made of.</summary>
/// <param name="Bytes">How long each is.</param>
/// <param name="CacheBytes">How much memory at most the writer keeps of them; it takes that only as it comes by as many.</param>
internal readonly record struct DatabasePages(int Bytes, int CacheBytes)
{
    /// <summary>For what is written in pieces of tens of kilobytes, and read from one end to the other.</summary>
    public static DatabasePages Long { get; } = new(16 * 1024, 2 * 1024 * 1024);

    /// <summary>For many short rows, which are found by indexes and written all over the file.</summary>
    public static DatabasePages Short { get; } = new(4 * 1024, 64 * 1024 * 1024);
}
