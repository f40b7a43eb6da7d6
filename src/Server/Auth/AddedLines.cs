using System.Text;

namespace RemoteExec.Server.Auth;

/// <summary>A small file to which lines are only added, each in one piece: nobody reads half of one, and none is lost when two are added at once.</summary>
internal static class AddedLines
{
    /// <summary>Adds a line to a file, which only its owner can read if it is made now.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static void Add(string path, string line)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 }; // one at a time
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        bool isTorn = file.Length > 0 && file.Seek(-1, SeekOrigin.End) >= 0 && file.ReadByte() != '\n';
        file.Seek(0, SeekOrigin.End);
        file.Write(Encoding.UTF8.GetBytes($"{(isTorn ? "\n" : "")}{line}\n"));
    }

    /// <summary>The lines of a text with their numbers, but comments (<c>#</c>) and empty ones.</summary>
    public static IEnumerable<(int Number, string Line)> In(string text) =>
        text.Split('\n').Select((line, index) => (index + 1, line.Trim())).Where(entry => entry.Item2.Length > 0 && entry.Item2[0] != '#');
}
