using System.Diagnostics.CodeAnalysis;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Services;

/// <summary>A path of an index: <c>/pypi/INDEX/simple/[PROJECT/]</c>, the same behind the name of a channel, <c>/pypi/INDEX/files/PROJECT/FILE</c>.</summary>
/// <param name="Index">The index.</param>
/// <param name="Channel">The channel; null for none.</param>
/// <param name="Project">The project as it was written; null for the list of them.</param>
/// <param name="File">The file; null for a page.</param>
/// <param name="EndsWell">Whether a page's path ends with a slash, as what it links to is relative to that.</param>
internal sealed record PythonPath(IndexName Index, string? Channel, string? Project, string? File, bool EndsWell)
{
    private const string Root = "/pypi/";

    /// <summary>Reads a path; false if it is none of an index.</summary>
    public static bool TryParse(string path, [NotNullWhen(true)] out PythonPath? parsed)
    {
        parsed = null;
        if (!path.StartsWith(Root, StringComparison.Ordinal) || path.Split('/') is not [_, _, var name, .. var rest] || !IndexName.TryParse(name, out IndexName index))
            return false;
        parsed = rest switch
        {
            ["files", { Length: > 0 } project, { Length: > 0 } file] => new PythonPath(index, null, project, file, true),
            ["simple", .. var more] => Page(index, null, more),
            [{ Length: > 0 } channel, "simple", .. var more] when channel != "files" => Page(index, channel, more),
            _ => null,
        };
        return parsed is not null;
    }

    private static PythonPath? Page(IndexName index, string? channel, string[] rest) => rest switch
    {
        [] => new PythonPath(index, channel, null, null, false),
        [""] => new PythonPath(index, channel, null, null, true),
        [{ Length: > 0 } project] => new PythonPath(index, channel, project, null, false),
        [{ Length: > 0 } project, ""] => new PythonPath(index, channel, project, null, true),
        _ => null,
    };
}
