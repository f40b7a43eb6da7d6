using RemoteExec.Native;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Tests.Inputs;

/// <summary>What an action finds in its root: a line for each path.</summary>
internal static class RootSnapshot
{
    /// <summary>Of a directory.</summary>
    public static SortedDictionary<string, string> Of(string root)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(found, root, "");
        return found;
    }

    /// <summary>Of a layer, as the mounts would show it: what is in the upper layer hides what is in the lower one, and each bind an empty directory.</summary>
    public static SortedDictionary<string, string> Of(InputLayer layer, string? upper = null)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(found, layer.Lower, "");
        string root = found[""];
        if (Directory.Exists(upper))
            Add(found, upper, "");
        found[""] = root; // who mounts decides about it
        foreach (InputBind bind in layer.Binds)
        {
            Assert.StartsWith("d", found[bind.Target], StringComparison.Ordinal);
            Assert.DoesNotContain(found.Keys, path => path.StartsWith(bind.Target + "/", StringComparison.Ordinal));
            Add(found, bind.Source, bind.Target);
        }

        return found;
    }

    private static void Add(SortedDictionary<string, string> found, string path, string name)
    {
        FileStatus status = FileStatus.Of(path)!.Value;
        found[name] = status.Kind switch
        {
            FileKind.File => $"f {status.Mode:x} {Convert.ToHexString(File.ReadAllBytes(path))}{Time(status)}",
            FileKind.Symlink => $"l {FileStatus.TargetOf(path)}",
            _ => $"d {status.Mode:x}{Time(status)}",
        };
        if (status.Kind != FileKind.Directory)
            return;
        foreach (string child in Directory.EnumerateFileSystemEntries(path))
            Add(found, child, name.Length == 0 ? Path.GetFileName(child) : $"{name}/{Path.GetFileName(child)}");
    }

    // Times that nobody asked for are those of the machine.
    private static string Time(in FileStatus status) => status.ModifiedSeconds < 1_500_000_000 ? $" {status.ModifiedSeconds}" : "";
}
