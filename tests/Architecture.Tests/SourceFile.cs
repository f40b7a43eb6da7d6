using RemoteExec.TestKit;

namespace RemoteExec.Architecture.Tests;

/// <summary>A C# source of the repository.</summary>
/// <param name="RelativePath">Its path below the directory it was looked for in, with slashes.</param>
/// <param name="Text">What stands in it.</param>
internal sealed record SourceFile(string RelativePath, string Text)
{
    /// <summary>All sources below a directory of the repository, in the order of their paths.</summary>
    public static IEnumerable<SourceFile> Below(string directory)
    {
        string root = Repository.Path(directory);
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => new SourceFile(Path.GetRelativePath(root, path), File.ReadAllText(path)));
    }
}
