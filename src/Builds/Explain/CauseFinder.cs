namespace RemoteExec.Builds.Explain;

/// <summary>
/// Turns the difference of two actions into causes, of which the first is the one to name. What only follows from another difference is no cause: an argument that is the path of an
/// input that is new, or of an output under another name.
/// </summary>
internal sealed class CauseFinder
{
    private readonly ActionContent before;
    private readonly ActionContent after;
    private readonly ActionComparison difference;
    private readonly KnownPaths paths;
    private readonly HashSet<string> programs;

    private CauseFinder(ActionContent before, ActionContent after, ActionComparison difference)
    {
        (this.before, this.after, this.difference) = (before, after, difference);
        paths = new KnownPaths(difference);
        programs = new HashSet<string>([.. Programs.Of(before.Command), .. Programs.Of(after.Command)], StringComparer.Ordinal);
    }

    /// <summary>The causes; at least one.</summary>
    public static IReadOnlyList<Cause> Find(ActionContent before, ActionContent after, ActionComparison difference)
    {
        if (before.Digest == after.Digest)
            return [new Cause(CauseKind.ResultGone, "", "nothing differs: this very action was seen before, but its result was never stored, has left the cache, or was not asked for")];
        Cause[] causes = [.. new CauseFinder(before, after, difference).Find()];
        if (causes.Length > 0)
            return causes;
        return difference.NotCompared.Count > 0
            ? [new Cause(CauseKind.NotComparable, "", $"it can't be told: {string.Join("; ", difference.NotCompared)}")]
            : [new Cause(CauseKind.Encoding, "", "the two actions say the same in other bytes: another version of the client may encode them in another way")];
    }

    private IEnumerable<Cause> Find() =>
        Tools().Concat(Properties()).Concat(Arguments()).Concat(Directories()).Concat(Inputs()).Concat(Rest());

    private IEnumerable<Cause> Tools()
    {
        ArgumentChange? program = difference.Arguments.FirstOrDefault(change => change is { PositionBefore: 0, PositionAfter: 0, File: null } && !difference.IsArgumentOrder);
        if (program is not null && KnownPaths.WithoutConfiguration(program.Before!) != KnownPaths.WithoutConfiguration(program.After!))
            yield return new Cause(CauseKind.Toolchain, program.After!, $"the program differs: {Excerpt.Of(program.Before!, program.After!)}: another toolchain");
        foreach (InputChange change in difference.Inputs.Where(IsTool))
        {
            if (change.Path == program?.After || change.Path == program?.Before)
                continue; // said already
            yield return InputWords.CauseOf(change, others: 0) with { Kind = CauseKind.Toolchain, Sentence = $"the tool {InputWords.Of(change)}: another toolchain" };
        }
    }

    private bool IsTool(InputChange change) => change.IsTool || programs.Contains(change.Path) || (change.PathBefore is { } old && programs.Contains(old));

    private IEnumerable<Cause> Properties() =>
        difference.Platform.Select(change => new Cause(CauseKind.Platform, change.Name, $"the platform property {change.Name} {change.InWords()}"))
            .Concat(difference.Environment.Select(change => new Cause(CauseKind.Environment, change.Name, $"the environment variable {change.Name} {change.InWords()}")));

    private IEnumerable<Cause> Arguments()
    {
        if (difference.IsArgumentOrder)
        {
            ArgumentChange moved = difference.Arguments.FirstOrDefault(change => change.After is not null) ?? difference.Arguments[0];
            yield return new Cause(CauseKind.ArgumentOrder, "", $"the order of the arguments differs: {Excerpt.Quote((moved.After ?? moved.Before)!)} stands elsewhere");
            yield break;
        }

        foreach (ArgumentChange change in difference.Arguments.Where(change => change is not { PositionBefore: 0, PositionAfter: 0, File: null }))
        {
            foreach (ArgumentChange part in ScriptWords.Split(change).Where(part => !paths.Explain(part)))
                yield return ArgumentWords.CauseOf(part, change);
        }
    }

    private IEnumerable<Cause> Directories()
    {
        if (difference.WorkingDirectory is { } directory)
            yield return new Cause(CauseKind.WorkingDirectory, "", $"the working directory differs: {Excerpt.Of(directory.Before ?? "", directory.After ?? "")}");
        if (paths.Configurations() is { } configurations)
            yield return new Cause(CauseKind.Configuration, configurations.After, $"the configuration differs: outputs are below {configurations.After} instead of {configurations.Before}");
    }

    private IEnumerable<Cause> Inputs()
    {
        InputChange[] changes = [.. difference.Inputs.Where(change => !IsTool(change) && difference.Arguments.All(argument => argument.File != change.Path)).OrderBy(change => KnownPaths.IsGenerated(change.Path))];
        int others = changes.Length - 1;
        foreach (InputChange change in changes)
            yield return InputWords.CauseOf(change, ReferenceEquals(change, changes[0]) ? others : 0);
        if (difference is { IsSameInputRoot: false, Inputs.Count: 0 } && before.InputRoot != after.InputRoot && before.InputRoot is not null && after.InputRoot is not null)
            yield return new Cause(CauseKind.Inputs, "", $"inputs differ, but it can't be told which: {string.Join("; ", difference.NotCompared)}");
    }

    private IEnumerable<Cause> Rest()
    {
        if (difference.OutputsAdded.Count + difference.OutputsRemoved.Count > 0 && paths.Configurations() is null)
            yield return new Cause(CauseKind.Outputs, "", $"the outputs differ: {OutputWords()}");
        if (difference.Timeout is { } timeout)
            yield return new Cause(CauseKind.Timeout, "", $"the timeout {timeout.InWords()}");
        if (difference.Salt is { } salt)
            yield return new Cause(CauseKind.Salt, "", $"the salt {salt.InWords()}");
        if (difference.DoNotCache is { } caching)
            yield return new Cause(CauseKind.Caching, "", caching.After == "true" ? "its result may not be cached any more" : "its result may be cached now, which it could not before");
        foreach (ValueChange other in difference.Others)
            yield return new Cause(CauseKind.Outputs, other.Name, $"{other.Name} {other.InWords()}");
    }

    private string OutputWords() => (difference.OutputsRemoved, difference.OutputsAdded) switch
    {
        ([var old], [var current]) => Excerpt.Of(old, current),
        ([], [var added, ..]) => $"{added} is new",
        ([var removed, ..], []) => $"{removed} is gone",
        var (olds, news) => $"{olds[0]} and others became {news[0]} and others",
    };
}
