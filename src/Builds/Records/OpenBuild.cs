using System.Buffers;
using System.Runtime.CompilerServices;
using RemoteExec.Builds.Calls;
using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Records;

/// <summary>A build that goes on: its sums, and what became known since it was written last.</summary>
internal sealed class OpenBuild
{
    /// <summary>How many actions of a build are told apart. What comes after that may be counted more than once.</summary>
    public const int MostActions = 1_000_000;

    private const int ActionsInChunk = 512;
    private const int FirstDeltas = 16;

    private readonly ActionStates known = new();
    private readonly List<byte[]> chunks = []; // not written yet
    private readonly List<byte[]> others = []; // those that other servers have told
    private (long Calls, long Asked, long Sent, long Received) shared; // what others know, or have told
    private ActionDelta[] deltas = new ActionDelta[FirstDeltas];
    private int count; // of deltas
    private int epoch = 1;
    private ActionState untold; // of an action beyond the most that are told apart

    /// <summary>The number under which it is kept.</summary>
    public required long Key { get; init; }

    /// <summary>What it is called.</summary>
    public required BuildName Name { get; init; }

    /// <summary>The tool that makes its calls.</summary>
    public string Tool { get; set; } = "";

    /// <summary>The tool's version.</summary>
    public string ToolVersion { get; set; } = "";

    /// <summary>What it says it belongs to: a commit, a run of CI.</summary>
    public string Correlated { get; set; } = "";

    /// <summary>When its first call came, in milliseconds since 1970.</summary>
    public required long Began { get; set; }

    /// <summary>When its last call came.</summary>
    public long Seen { get; set; }

    /// <summary>How many calls it has made.</summary>
    public long Calls { get; set; }

    /// <summary>How many blobs it has asked about, whether they are missing.</summary>
    public long Asked { get; set; }

    /// <summary>Its sums.</summary>
    public SumTable Sums { get; } = new();

    /// <summary>How many bytes of it are in the database.</summary>
    public long WrittenBytes { get; set; }

    /// <summary>How many pieces of it are in the database.</summary>
    public int WrittenChunks { get; set; }

    /// <summary>True if there is something to write.</summary>
    public bool IsChanged { get; set; }

    /// <summary>How many of its actions are told apart.</summary>
    public int KnownActions => known.Count;

    /// <summary>What became known of actions since this was asked last, encoded.</summary>
    public IReadOnlyList<byte[]> TakeChunks()
    {
        EndChunk();
        byte[][] taken = [.. chunks];
        chunks.Clear();
        return taken;
    }

    /// <summary>What other servers told of actions since this was asked last, encoded.</summary>
    public IReadOnlyList<byte[]> TakeOthersChunks()
    {
        byte[][] taken = [.. others];
        others.Clear();
        return taken;
    }

    /// <summary>How many calls, blobs asked about and bytes came to this server since this was asked last.</summary>
    public (long Calls, long Asked, long Sent, long Received) TakeUntold()
    {
        var now = (Calls, Asked, Sums.BytesSent, Sums.BytesReceived);
        var untold = (now.Calls - shared.Calls, now.Asked - shared.Asked, now.BytesSent - shared.Sent, now.BytesReceived - shared.Received);
        shared = now;
        return untold;
    }

    /// <summary>What the database has is known to others.</summary>
    public void RestoreTold() => TakeUntold();

    /// <summary>Takes what came to another server.</summary>
    public void Add(long calls, long asked, long sent, long received)
    {
        Calls += calls;
        Asked += asked;
        Sums.AddBytes(sent, received);
        shared = (shared.Calls + calls, shared.Asked + asked, shared.Sent + sent, shared.Received + received);
    }

    /// <summary>Takes what another server has told of actions.</summary>
    /// <param name="chunk">How it is written.</param>
    /// <param name="actions">What it says.</param>
    /// <param name="sums">Counted in as well.</param>
    public void Add(byte[] chunk, IEnumerable<ActionDelta> actions, SumTable sums)
    {
        others.Add(chunk);
        foreach (ActionDelta action in actions)
        {
            ref ActionState state = ref StateOf(ActionKey.Of(action.Digest.HashSpan));
            ActionFlags before = Change(ref state, action.Flags, action.Run, sums);
            if ((action.Flags & ~before & ActionFlags.Executed) == 0)
                continue;
            Sums.AddRun(action.Queue, action.Fetch, action.Run, action.Upload);
            sums.AddRun(action.Queue, action.Fetch, action.Run, action.Upload);
        }
    }

    /// <summary>What the database tells of an action of it.</summary>
    public void Restore(in ActionDelta action)
    {
        ref ActionState state = ref StateOf(ActionKey.Of(action.Digest.HashSpan));
        state.Flags |= action.Flags;
        state.Saved = (int)Math.Min(action.Run, ActionState.LongestSaved);
    }

    /// <summary>Takes what happened with an action.</summary>
    /// <param name="call">The call.</param>
    /// <param name="texts">Where texts come from.</param>
    /// <param name="sums">Counted in as well.</param>
    public void TakeAction(in ObservedCall call, ActionTexts texts, SumTable sums)
    {
        ref ActionState state = ref StateOf(ActionKey.Of(call.Digest.HashSpan));
        ref ActionDelta delta = ref DeltaOf(ref state, call, call.Digest, texts);
        ActionFlags happened = FlagsOf(call);
        long run = call.Execution.Run ?? -1;
        ActionFlags before = Change(ref state, happened, run, sums);
        delta.Flags |= happened;
        if (!call.Execution.Worker.IsEmpty)
            delta.Worker = texts.Worker.Get(call.Execution.Worker);
        if (run >= 0)
            delta.Run = run;
        if (call.Kind != CallKind.Executed)
            return;
        (delta.Ending, delta.ExitCode) = (call.Outcome ?? "", call.ExitCode);
        if ((happened & ~before & ActionFlags.Executed) == 0)
            return;
        (delta.Queue, delta.Fetch, delta.Upload) = (call.Execution.Queue ?? -1, call.Execution.Fetch ?? -1, call.Execution.Upload ?? -1);
        Sums.AddRun(delta.Queue, delta.Fetch, delta.Run, delta.Upload);
        sums.AddRun(delta.Queue, delta.Fetch, delta.Run, delta.Upload);
    }

    /// <summary>Takes what was carried for an action, if it is one that is known.</summary>
    public void TakeBytes(in ObservedCall call, long sent, long received, ActionTexts texts)
    {
        Sums.AddBytes(sent, received);
        Span<byte> hash = stackalloc byte[Digest.MaxHashLength];
        ReadOnlySpan<byte> id = call.Metadata.ActionId;
        if (id.Length < 32 || id.Length > 2 * hash.Length || Convert.FromHexString(id, hash, out _, out int length) != OperationStatus.Done)
            return;
        ref ActionState state = ref known.Find(ActionKey.Of(hash[..length]));
        if (Unsafe.IsNullRef(ref state) || !Digest.TryParse(call.Digest.Instance, DigestFunction.Unknown, id, 0, out Digest action))
            return;
        ref ActionDelta delta = ref DeltaOf(ref state, call, action.WithoutSize(), texts);
        delta.BytesSent += sent;
        delta.BytesReceived += received;
    }

    // Returns what had happened before.
    private ActionFlags Change(ref ActionState state, ActionFlags happened, long run, SumTable sums)
    {
        ActionFlags before = state.Flags, after = before | happened;
        ActionOutcome? was = before.ToOutcome(), becomes = after.ToOutcome();
        long savedBefore = was == ActionOutcome.Hit ? state.Saved : -1;
        long savedAfter = becomes == ActionOutcome.Hit ? Math.Max(Math.Min(run, ActionState.LongestSaved), savedBefore) : -1;
        (state.Flags, state.Saved) = (after, (int)savedAfter);
        if (was != becomes || savedBefore != savedAfter)
        {
            Sums.Change(was, becomes, savedBefore, savedAfter);
            sums.Change(was, becomes, savedBefore, savedAfter);
        }

        return before;
    }

    private static ActionFlags FlagsOf(in ObservedCall call) => call.Kind switch
    {
        CallKind.Hit => ActionFlags.Hit,
        CallKind.Miss => ActionFlags.Miss,
        CallKind.Stored => ActionFlags.Stored,
        CallKind.Executed => call.Outcome switch
        {
            "cached" => ActionFlags.Cached,
            "ok" => call.IsMerged ? ActionFlags.Merged : ActionFlags.Executed,
            "nonzero_exit" => ActionFlags.Failed | (call.IsMerged ? ActionFlags.Merged : ActionFlags.Executed),
            _ => ActionFlags.Failed,
        },
        _ => ActionFlags.None,
    };

    private ref ActionState StateOf(UInt128 key)
    {
        if (known.Count < MostActions)
            return ref known.FindOrAdd(key);
        ref ActionState state = ref known.Find(key);
        if (!Unsafe.IsNullRef(ref state))
            return ref state;
        untold = default;
        return ref untold;
    }

    private ref ActionDelta DeltaOf(ref ActionState state, in ObservedCall call, in Digest action, ActionTexts texts)
    {
        long now = call.Milliseconds;
        if (state.Epoch == epoch)
        {
            deltas[state.Delta].Last = now;
            return ref deltas[state.Delta];
        }

        if (count == ActionsInChunk)
            EndChunk();
        if (count == deltas.Length)
            Array.Resize(ref deltas, deltas.Length * 2);
        (state.Delta, state.Epoch) = ((ushort)count, epoch);
        ref ActionDelta delta = ref deltas[count++];
        delta.Digest = action;
        delta.Flags = ActionFlags.None;
        delta.First = delta.Last = now;
        delta.Mnemonic = texts.Mnemonic.Get(call.Metadata.Mnemonic);
        delta.Target = texts.Target.Get(call.Metadata.Target);
        delta.Configuration = texts.Configuration.Get(call.Metadata.Configuration);
        delta.Worker = delta.Ending = "";
        delta.ExitCode = 0;
        delta.Queue = delta.Fetch = delta.Run = delta.Upload = -1;
        delta.BytesSent = delta.BytesReceived = 0;
        return ref delta;
    }

    private void EndChunk()
    {
        if (count > 0)
            chunks.Add(ActionChunk.Encode(deltas.AsSpan(0, count)));
        count = 0;
        epoch++;
    }
}
