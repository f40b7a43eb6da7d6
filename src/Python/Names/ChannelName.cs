using System.Text.RegularExpressions;

namespace RemoteExec.Python.Names;

/// <summary>
/// The name of a channel, a line of builds of which each is newer than the one before. It becomes a part of versions, so it is words of letters and digits with dots between; what is written with
/// <c>/</c>, <c>-</c> or <c>_</c>, as branches are, has dots for them.
/// </summary>
public readonly partial record struct ChannelName
{
    private ChannelName(string value) => Value = value;

    /// <summary>The name.</summary>
    public string Value { get; }

    /// <summary>Reads a name that somebody wrote.</summary>
    /// <exception cref="PythonIndexException">It can't be one.</exception>
    public static ChannelName Parse(string text)
    {
        string name = Separators().Replace(text.ToLowerInvariant(), ".");
        return Form().IsMatch(name) && name is not ("simple" or "files")
            ? new ChannelName(name)
            : throw new PythonIndexException($"'{text}' is no name of a channel: write letters and digits, a letter first, with . / - or _ between, 64 at most; 'simple' and 'files' are taken");
    }

    /// <summary>What stands behind the <c>+</c> of the version of a build.</summary>
    /// <param name="build">Its number in the channel.</param>
    /// <param name="revision">What it was made of.</param>
    /// <exception cref="PythonIndexException">It can't be a revision.</exception>
    public string LocalOf(long build, string revision) => Revision().IsMatch(revision)
        ? $"{Value}.{build}.g{revision.ToLowerInvariant()}"
        : throw new PythonIndexException($"'{revision}' is no revision: write the letters and digits of a commit, 64 at most");

    /// <inheritdoc/>
    public override string ToString() => Value;

    [GeneratedRegex("[-_/.]+", RegexOptions.CultureInvariant)]
    private static partial Regex Separators();

    [GeneratedRegex(@"^(?=.{1,64}\z)[a-z][a-z0-9]*(?:\.[a-z0-9]+)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();

    [GeneratedRegex(@"^[A-Za-z0-9]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Revision();
}
