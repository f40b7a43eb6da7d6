using System.Security.Cryptography;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>What a build made, file by file, to compare one build with another.</summary>
internal static class OutputFiles
{
    /// <summary>
    /// For each file below bazel-bin whether it is executable and its SHA-256, for each symlink its target. Not empty directories: this Bazel does not
    /// make them when it downloads a directory.
    /// </summary>
    public static SortedDictionary<string, string> Read(BazelWorkspace workspace, params string[] packages)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string package in packages)
            Add(workspace.Output(package), package, files);
        return files;
    }

    private static void Add(string directory, string path, SortedDictionary<string, string> files)
    {
        foreach (FileSystemInfo entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            string name = $"{path}/{entry.Name}";
            // Bazel makes the runfiles itself, out of absolute paths.
            if (entry.Name.Contains("runfiles", StringComparison.Ordinal))
                continue;
            if (entry.LinkTarget is { } target)
                files.Add(name, $"-> {target}");
            else if (entry is DirectoryInfo)
                Add(entry.FullName, name, files);
            else
                files.Add(name, $"{(entry.UnixFileMode.HasFlag(UnixFileMode.UserExecute) ? "x" : "-")} {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(entry.FullName)))}");
        }
    }
}
