using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Python.Names;

/// <summary>The name of a file that is a distribution: a wheel (PEP 427) or a source distribution (PEP 625).</summary>
/// <param name="FileName">The name as it is.</param>
/// <param name="Project">The project in it.</param>
/// <param name="Version">The version in it.</param>
/// <param name="Tags">Of a wheel what stands behind the version: <c>[build-]python-abi-platform</c>; null for a source distribution.</param>
public sealed record DistributionName(string FileName, ProjectName Project, PythonVersion Version, string? Tags)
{
    /// <summary>How the name of a wheel ends.</summary>
    public const string WheelSuffix = ".whl";

    private const string SourceSuffix = ".tar.gz";
    private const int MaxLength = 240; // with .metadata behind it, still a name for a file

    /// <summary>True for a wheel.</summary>
    public bool IsWheel => Tags is not null;

    /// <summary>True if a file may have this name in an index: letters, digits and <c>. _ + ! -</c>, the first a letter or a digit.</summary>
    public static bool IsFileName(string text) =>
        text.Length is > 0 and <= MaxLength && char.IsAsciiLetterOrDigit(text[0]) && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '+' or '!' or '-');

    /// <summary>True if a file looks like a distribution, by the end of its name.</summary>
    public static bool IsMeant(string fileName) => fileName.EndsWith(WheelSuffix, StringComparison.Ordinal) || fileName.EndsWith(SourceSuffix, StringComparison.Ordinal);

    /// <summary>Reads a name; on failure <paramref name="error"/> says in a sentence what is wrong.</summary>
    public static bool TryParse(string fileName, [NotNullWhen(true)] out DistributionName? name, [NotNullWhen(false)] out string? error)
    {
        (name, error) = (null, null);
        if (!IsFileName(fileName))
            error = $"'{fileName}' is no name of a distribution: it has letters, digits and . _ + ! -, and {MaxLength} characters at most";
        else if (fileName.EndsWith(WheelSuffix, StringComparison.Ordinal))
            name = Wheel(fileName);
        else if (fileName.EndsWith(SourceSuffix, StringComparison.Ordinal))
            name = Source(fileName);
        else
            error = $"'{fileName}' is no distribution: there are wheels, *{WheelSuffix}, and source distributions, *{SourceSuffix}";
        if (name is null)
            error ??= $"'{fileName}' is no name of a distribution: NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM{WheelSuffix} or NAME-VERSION{SourceSuffix}, with a version of PEP 440";
        return name is not null;
    }

    private static DistributionName? Wheel(string fileName)
    {
        string[] parts = fileName[..^WheelSuffix.Length].Split('-');
        bool isWellFormed = parts.Length is 5 or 6 && parts.All(part => part.Length > 0) && (parts.Length == 5 || char.IsAsciiDigit(parts[2][0]));
        return isWellFormed && ProjectName.TryParse(parts[0], out ProjectName project) && PythonVersion.TryParse(parts[1].Replace('_', '-')) is { } version
            ? new DistributionName(fileName, project, version, string.Join('-', parts[2..]))
            : null;
    }

    private static DistributionName? Source(string fileName)
    {
        string stem = fileName[..^SourceSuffix.Length];
        int dash = stem.LastIndexOf('-');
        return dash > 0 && ProjectName.TryParse(stem[..dash], out ProjectName project) && PythonVersion.TryParse(stem[(dash + 1)..]) is { } version
            ? new DistributionName(fileName, project, version, null)
            : null;
    }
}
