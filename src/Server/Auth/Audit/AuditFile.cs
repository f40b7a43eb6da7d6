using System.Text;
using System.Text.Json;

namespace RemoteExec.Server.Auth.Audit;

/// <summary>The file of the audit log. It is opened for each write, so that whoever moves it away gets a new one; one that has grown too long becomes <c>FILE.1</c>, in the place of the one before.</summary>
/// <param name="path">The file.</param>
/// <param name="maxBytes">From which length on it makes room for a new one.</param>
internal sealed class AuditFile(string path, long maxBytes)
{
    /// <summary>Adds entries.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public void Add(params IEnumerable<AuditEntry> entries)
    {
        if (new FileInfo(path) is { Exists: true } before && before.Length >= maxBytes)
            File.Move(path, path + ".1", overwrite: true);
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        using var file = new FileStream(path, options);
        file.Write(Encoding.UTF8.GetBytes(string.Concat(entries.Select(entry => JsonSerializer.Serialize(entry, AuditJson.Default.AuditEntry) + "\n"))));
    }
}
