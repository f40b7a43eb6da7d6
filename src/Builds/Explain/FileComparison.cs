using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain;

/// <summary>What two versions of small input files say: lines of text, and arguments in response files.</summary>
/// <param name="cas">Where the files are.</param>
/// <param name="sibling">A digest of their instance and function.</param>
/// <param name="mostTexts">How many are compared by their lines.</param>
internal sealed class FileComparison(IBlobStore cas, Digest sibling, int mostTexts)
{
    /// <summary>The same changes, the first few changed files with the lines in which they differ.</summary>
    public async Task<IReadOnlyList<InputChange>> AddTextsAsync(IReadOnlyList<InputChange> changes, CancellationToken cancellationToken)
    {
        InputChange[] compared = [.. changes];
        int left = mostTexts;
        for (int i = 0; i < compared.Length && left > 0; i++)
        {
            if (compared[i].Kind != InputChangeKind.Content || await LinesAsync(compared[i], cancellationToken) is not { } lines)
                continue;
            left--;
            compared[i] = compared[i] with { TextDiff = TextDiff.Between(lines.Before, lines.After) };
        }

        return compared;
    }

    /// <summary>The arguments that differ in changed files which the command names as <c>@file</c>, one argument to a line.</summary>
    public async Task<IReadOnlyList<ArgumentChange>> ResponseFileChangesAsync(IReadOnlyList<InputChange> changes, Reapi.Command? command, CancellationToken cancellationToken)
    {
        HashSet<string> named = command is null ? [] : [.. command.Arguments.Where(argument => argument.StartsWith('@')).Select(argument => Path.Join(command.WorkingDirectory, argument[1..]))];
        List<ArgumentChange> found = [];
        foreach (InputChange change in changes.Where(change => change.Kind == InputChangeKind.Content && named.Contains(change.Path)))
        {
            if (await LinesAsync(change, cancellationToken) is { } lines)
                found.AddRange(ArgumentDiff.Compare(["", .. lines.Before], ["", .. lines.After], change.Path)); // no program in the first place
        }

        return found;
    }

    private async Task<(string[] Before, string[] After)?> LinesAsync(InputChange change, CancellationToken cancellationToken) =>
        await LinesAsync(change.Before, cancellationToken) is { } before && await LinesAsync(change.After, cancellationToken) is { } after ? (before, after) : null;

    private async Task<string[]?> LinesAsync(string? content, CancellationToken cancellationToken)
    {
        if (DigestText.Parse(sibling, content) is not { } digest || digest.SizeBytes > TextDiff.MaxBytes)
            return null;
        try
        {
            return await cas.ReadAllAsync(digest, TextDiff.MaxBytes, cancellationToken) is { } bytes ? TextDiff.LinesOf(bytes) : null;
        }
        catch (BlobCorruptException)
        {
            return null; // it was dropped: there is nothing to show
        }
    }
}
