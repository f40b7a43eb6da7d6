using System.Text;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Wheels;

/// <summary>What the metadata of a distribution says of it, as far as an index tells: <c>METADATA</c> in a wheel, <c>PKG-INFO</c> in a source distribution.</summary>
/// <param name="Project">Its project.</param>
/// <param name="Version">Its version.</param>
/// <param name="RequiresPython">The versions of Python that it is for; null for any.</param>
public sealed record CoreMetadata(ProjectName Project, PythonVersion Version, string? RequiresPython)
{
    /// <summary>How long it may be, in bytes.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    private const int MaxRequiresPython = 200;

    /// <summary>Reads metadata.</summary>
    /// <exception cref="InvalidDataException">Its name or its version is missing, or none.</exception>
    public static CoreMetadata Parse(ReadOnlySpan<byte> content)
    {
        string? name = null, version = null, python = null;
        foreach (string line in LinesOf(content))
        {
            name ??= ValueOf(line, "Name");
            version ??= ValueOf(line, "Version");
            python ??= ValueOf(line, "Requires-Python");
        }

        if (name is null || !ProjectName.TryParse(name, out ProjectName project))
            throw new InvalidDataException("its metadata has no good 'Name'");
        if (version is null || PythonVersion.TryParse(version) is not { } parsed)
            throw new InvalidDataException("its metadata has no 'Version' as PEP 440 has them");
        if (python is { Length: > MaxRequiresPython } || python?.Any(char.IsControl) == true)
            throw new InvalidDataException("its metadata has a 'Requires-Python' that can't be one");
        return new CoreMetadata(project, parsed, string.IsNullOrEmpty(python) ? null : python);
    }

    /// <summary>The same metadata of another version.</summary>
    /// <exception cref="InvalidDataException">It has no version.</exception>
    public static byte[] WithVersion(byte[] content, PythonVersion version)
    {
        // Latin-1 keeps every byte as it is.
        string text = Encoding.Latin1.GetString(content);
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf('\n', start);
            int next = end < 0 ? text.Length : end + 1;
            string line = text[start..next].TrimEnd('\r', '\n');
            if (line.Length == 0)
                break;
            if (ValueOf(line, "Version") is not null)
                return Encoding.Latin1.GetBytes($"{text[..start]}Version: {version}{text[(start + line.Length)..]}");
            start = next;
        }

        throw new InvalidDataException("its metadata has no 'Version'");
    }

    // Those of the head: behind an empty line is a description.
    private static IEnumerable<string> LinesOf(ReadOnlySpan<byte> content) => Encoding.UTF8.GetString(content).Split('\n').Select(line => line.TrimEnd('\r')).TakeWhile(line => line.Length > 0);

    private static string? ValueOf(string line, string field) =>
        line.Length > field.Length && line[field.Length] == ':' && line.StartsWith(field, StringComparison.OrdinalIgnoreCase) ? line[(field.Length + 1)..].Trim() : null;
}
