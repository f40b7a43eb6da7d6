using RemoteExec.Builds.Sharing;
using RemoteExec.Builds.Storage;
using RemoteExec.Cas;

namespace RemoteExec.Builds.Explain.History;

/// <summary>
/// Takes what clients ask for into the history, and says of each miss why it missed, as long as the inputs are there to compare. For the thread that writes.
/// </summary>
/// <param name="database">The file; nothing of it is kept, as another may take its place.</param>
/// <param name="cas">Where actions and their inputs are.</param>
/// <param name="limits">How much is kept.</param>
/// <param name="time">The clock.</param>
internal sealed class MissExplainer(BuildDatabase database, IBlobStore cas, HistoryLimits limits, TimeProvider time)
{
    private readonly NearestAction nearest = new(cas, time);

    /// <summary>What other servers are told of, and tell; null if there are none.</summary>
    public SharedHistory? Shared { get; set; }

    private HistoryWriter Writer => new(database.Statements, limits, Shared);

    private HistoryReader Reader => new(database.Statements);

    private MissTable Misses => new(database.Statements, Shared);

    /// <summary>Takes one in.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task HandleAsync(Sighting sighting, CancellationToken cancellationToken)
    {
        if (!sighting.Action.HasSize)
        {
            // Over HTTP any key may be asked for; only what proves to be an action is one.
            ActionContent content = await ActionContent.LoadAsync(cas, sighting.Action, cancellationToken);
            if (!IsComplete(content))
                return;
            sighting = sighting with { Action = content.Digest };
        }

        long invocation = Writer.Invocation(sighting);
        switch (sighting.Kind)
        {
            case SightingKind.Hit when !Writer.Touch(sighting, invocation):
                ActionContent hit = await ActionContent.LoadAsync(cas, sighting.Action, cancellationToken);
                if (IsComplete(hit))
                    Writer.Record(sighting, invocation, hit, LineKey.Of(sighting, hit));
                break;
            case SightingKind.Miss when Misses.Find(invocation, sighting.Action) is null:
                KnownAction? known = Reader.Find(sighting.Action);
                Misses.Put(sighting, invocation, known?.Line, known is null ? NotUploaded(sighting) : ResultGone(sighting, known));
                break;
            case SightingKind.Executed or SightingKind.Stored:
                await ExplainAsync(sighting, invocation, cancellationToken);
                break;
        }
    }

    /// <summary>Forgets what is over the limits.</summary>
    public void Prune() => Writer.Prune();

    private async Task ExplainAsync(Sighting sighting, long invocation, CancellationToken cancellationToken)
    {
        // What was explained stays so: an action that is tried again is no other one.
        if (Misses.Find(invocation, sighting.Action) is { Cause.Kind: not (CauseKind.NotUploaded or CauseKind.ResultGone) } before)
        {
            if (sighting.Duration > TimeSpan.Zero)
                Misses.Put(sighting, invocation, Reader.Find(sighting.Action)?.Line, before with { Seconds = sighting.Duration.TotalSeconds });
            return;
        }

        ActionContent content = await ActionContent.LoadAsync(cas, sighting.Action, cancellationToken);
        KnownAction? known = Reader.Find(sighting.Action);
        if (!IsComplete(content))
        {
            Misses.Put(sighting, invocation, known?.Line, known is null ? NotUploaded(sighting) : ResultGone(sighting, known));
            return;
        }

        LineKey key = LineKey.Of(sighting, content);
        Explanation explanation = known is not null
            ? ResultGone(sighting, known)
            : Follow(await CompareAsync(sighting, invocation, content, key, cancellationToken), sighting, invocation);
        long line = Writer.Record(sighting, invocation, content, key);
        Misses.Put(sighting, invocation, line, explanation with { Output = key.Output });
    }

    private async Task<Explanation> CompareAsync(Sighting sighting, long invocation, ActionContent content, LineKey key, CancellationToken cancellationToken)
    {
        // Without the name of its build, what else an action was made for can't be told: then only the same output counts.
        long other = sighting.Invocation.Length > 0 ? invocation : -1;
        if (await nearest.FindAsync(Reader, key, other, content, cancellationToken) is not { } found)
            return About(sighting, FirstSeen(sighting, key));
        IReadOnlyList<Cause> causes = CauseFinder.Find(found.Action.Content, content, found.Difference);
        return About(sighting, causes[0]) with
        {
            Others = [.. causes.Skip(1).Take(NearestAction.ShownCauses)],
            Confidence = causes[0].Kind == CauseKind.NotComparable ? ExplanationConfidence.None
                : found.Difference.NotCompared.Count > 0 || found.Difference.HasMoreInputs ? ExplanationConfidence.Partial
                : ExplanationConfidence.Complete,
            Earlier = EarlierOf(found.Action),
            Difference = found.Difference,
        };
    }

    // To the root: an input that an earlier action of this build made, which missed itself, is not the cause, but what that one missed for.
    private Explanation Follow(Explanation explanation, Sighting sighting, long invocation)
    {
        if (explanation.Cause.InputPath is not { } path || sighting.Invocation.Length == 0)
            return explanation;
        Explanation? maker = PathAndParents(path).SelectMany(part => Reader.Makers(sighting.Action.Instance, part))
            .Select(line => Misses.OfLine(invocation, line)).FirstOrDefault(miss => miss is not null && miss.Action != explanation.Action);
        if (maker is null || maker.Cause.Kind is CauseKind.FirstSeen or CauseKind.NotUploaded or CauseKind.NotComparable)
            return explanation;

        string name = maker.Target.Length > 0 ? maker.Target : maker.Output ?? maker.Action;
        Cause root = maker.Earlier?.Action == maker.Action
            ? new Cause(CauseKind.NotReproducible, path, $"{path} differs, though the action that makes it ({name}) is the same as before: it makes another output when it runs again") { InputPath = path }
            : maker.Cause;
        var step = new CauseStep(maker.Action, maker.Target, maker.Mnemonic, path, (maker.Own ?? maker.Cause).Sentence);
        return explanation with { Cause = root, Own = explanation.Cause, Chain = [.. maker.Chain, step] };
    }

    private static IEnumerable<string> PathAndParents(string path)
    {
        for (string part = path.TrimEnd('/'); part.Length > 0; part = part[..Math.Max(0, part.LastIndexOf('/'))])
            yield return part;
    }

    private static bool IsComplete(ActionContent content) => content is { Action: not null, Command: not null, InputRoot: not null };

    private Explanation ResultGone(Sighting sighting, KnownAction known)
    {
        Cause cause = known.Content.Action!.DoNotCache
            ? new Cause(CauseKind.Caching, "", "its result may not be cached (do_not_cache), so that it runs each time")
            : CauseFinder.Find(known.Content, known.Content, new ActionComparison())[0];
        return About(sighting, cause) with { Confidence = ExplanationConfidence.Complete, Earlier = EarlierOf(known) };
    }

    private EarlierAction EarlierOf(KnownAction action) => new(action.Digest.ToArgument(), Reader.NameOf(action.Invocation), action.Seen);

    private static Explanation NotUploaded(Sighting sighting) => About(sighting, new Cause(
        CauseKind.NotUploaded, "", "it can't be told: the client has asked for the result, but has not uploaded the action"));

    private static Cause FirstSeen(Sighting sighting, LineKey key)
    {
        string what = key.Output.Length > 0 ? $"makes {key.Output}" : "runs this command";
        string who = sighting.Target.Length == 0 ? "" : $" for {sighting.Target}";
        string instance = sighting.Action.Instance.IsEmpty ? "here" : $"in instance '{sighting.Action.Instance}'";
        return new Cause(CauseKind.FirstSeen, "", $"seen for the first time: no earlier action {instance} {what}{who}");
    }

    private static Explanation About(Sighting sighting, Cause cause) => new()
    {
        Action = sighting.Action.ToArgument(),
        Instance = sighting.Action.Instance.Value,
        Build = sighting.Invocation,
        Target = sighting.Target,
        Mnemonic = sighting.Mnemonic,
        At = sighting.At,
        Seconds = sighting.Duration.TotalSeconds,
        Cause = cause,
        Confidence = ExplanationConfidence.None,
    };
}
