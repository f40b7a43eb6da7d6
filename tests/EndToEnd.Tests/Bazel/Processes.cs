using System.Globalization;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>The machine's processes.</summary>
internal static class Processes
{
    /// <summary>Those whose command line contains a text, each with its parent.</summary>
    public static Dictionary<int, int> WithArgument(string text)
    {
        var found = new Dictionary<int, int>();
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out int id))
                continue;
            try
            {
                if (File.ReadAllText($"{process}/cmdline").Contains(text, StringComparison.Ordinal))
                    found[id] = ParentOf(id);
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return found;
    }

    /// <summary>The parent of a process. Behind the name, which may contain anything, come the state and the parent.</summary>
    /// <exception cref="IOException">The process has ended.</exception>
    public static int ParentOf(int process) =>
        int.Parse(File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ')[1], CultureInfo.InvariantCulture);
}
