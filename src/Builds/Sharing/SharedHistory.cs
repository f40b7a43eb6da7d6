using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.Data.Sqlite;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Explain.History;
using RemoteExec.Builds.Storage;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Sharing;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Builds.Sharing;

/// <summary>
/// What the history of misses tells other servers, and hears of them, with each of its transactions: actions and explanations as they are, so that nobody compares again what another server has
/// compared. Called by the one who writes the file.
/// </summary>
internal sealed class SharedHistory(SharingLedger<HistoryBatch> ledger, SharingCounts counts)
{
    private const int MostBytes = 1 << 20; // of a command, or an explanation: longer ones are not told
    private const long MostMilliseconds = 253_402_300_799_999; // of a time that there is

    private readonly HistoryBatch batch = new();

    /// <summary>The history has an action from now on.</summary>
    public void Learned(Sighting sighting, ActionContent content)
    {
        if (content.Command!.CalculateSize() <= MostBytes)
            Add(sighting, new HistoryEntry { Learned = new Learned { Action = content.Action!.ToByteString(), Command = content.Command.ToByteString() } });
    }

    /// <summary>An action that the history has was asked for again.</summary>
    public void Asked(Sighting sighting) => Add(sighting, new HistoryEntry { Asked = new Asked() });

    /// <summary>An action missed, and it is known why.</summary>
    public void Missed(Sighting sighting, byte[] explanation)
    {
        if (explanation.Length <= MostBytes)
            Add(sighting, new HistoryEntry { Missed = new Missed { Duration = (long)sighting.Duration.TotalMilliseconds, Explanation = UnsafeByteOperations.UnsafeWrap(explanation) } });
    }

    /// <summary>Begins a transaction: takes in what others have told. Returns how much it was.</summary>
    public int TakeIn(BuildDatabase database, HistoryLimits limits, DateTimeOffset now)
    {
        batch.Entries.Clear(); // of a transaction that was undone
        IReadOnlyList<HistoryBatch> batches = ledger.Take(database.Writer, now);
        HistoryEntry[] entries = [.. batches.SelectMany(one => one.Entries)];
        foreach (HistoryEntry entry in entries)
        {
            if (!TryTakeIn(entry, database.Statements, limits))
                counts.NotUnderstood();
        }

        return entries.Length;
    }

    /// <summary>Ends a transaction: keeps what others are to know, to be sent.</summary>
    public void Write(SqliteConnection connection, DateTimeOffset now)
    {
        if (batch.Entries.Count > 0)
            ledger.Tell(connection, batch.ToByteArray(), now);
        batch.Entries.Clear();
    }

    /// <summary>The file was begun anew.</summary>
    public void Reset()
    {
        batch.Entries.Clear();
        ledger.Reset();
    }

    private static bool TryTakeIn(HistoryEntry entry, Statements statements, HistoryLimits limits)
    {
        if (!TryRead(entry, out Sighting? sighting))
            return false;
        var writer = new HistoryWriter(statements, limits);
        switch (entry.WhatCase)
        {
            case HistoryEntry.WhatOneofCase.Learned:
                if (Parse(entry.Learned.Action, Reapi.Action.Parser) is not { } action || Parse(entry.Learned.Command, Reapi.Command.Parser) is not { } command)
                    return false;
                var content = new ActionContent(sighting.Action, action, command);
                if (content.InputRoot is null || action.CommandDigest is null)
                    return false;
                writer.Record(sighting, writer.Invocation(sighting), content, LineKey.Of(sighting, content));
                return true;
            case HistoryEntry.WhatOneofCase.Asked:
                writer.Touch(sighting, writer.Invocation(sighting));
                return true;
            case HistoryEntry.WhatOneofCase.Missed:
                if (Parse(entry.Missed.Explanation) is not { } explanation)
                    return false;
                Put(new MissTable(statements), sighting, writer.Invocation(sighting), new HistoryReader(statements).LineOf(sighting.Action), explanation);
                return true;
            default:
                return false;
        }
    }

    // Of two that say why, the one that says more; else the earlier, whoever hears of both in whatever order. How long it ran may have become known to one of them alone.
    private static void Put(MissTable misses, Sighting sighting, long invocation, long? line, Explanation explanation)
    {
        if (misses.Find(invocation, sighting.Action) is { } before)
        {
            (int Weight, long At) old = (WeightOf(before), -before.At.ToUnixTimeMilliseconds()), other = (WeightOf(explanation), -explanation.At.ToUnixTimeMilliseconds());
            double seconds = Math.Max(before.Seconds, explanation.Seconds);
            if (old.CompareTo(other) >= 0 && seconds <= before.Seconds)
                return;
            explanation = (old.CompareTo(other) >= 0 ? before : explanation) with { Seconds = seconds };
            sighting = sighting with { Duration = TimeSpan.FromSeconds(seconds) };
        }

        misses.Put(sighting, invocation, line, explanation);
    }

    private static int WeightOf(Explanation explanation) => explanation.Cause.Kind switch
    {
        CauseKind.NotUploaded => 0,
        CauseKind.ResultGone => 1,
        _ => 2,
    };

    private static bool TryRead(HistoryEntry entry, [NotNullWhen(true)] out Sighting? sighting)
    {
        sighting = null;
        var function = (DigestFunction)entry.Function;
        if (!InstanceName.TryParse(entry.Instance, out InstanceName instance, out _) || !function.IsSupported() || entry.Hash.Length != function.HashLength() || entry.Size < 0
            || entry.At is < 0 or > MostMilliseconds || (entry.Missed?.Duration ?? 0) is < 0 or > MostMilliseconds)
            return false;
        sighting = new Sighting(Digest.Create(instance, function, entry.Hash.Span, entry.Size), SightingKind.Executed, DateTimeOffset.FromUnixTimeMilliseconds(entry.At))
        {
            Invocation = entry.Invocation,
            Target = entry.Target,
            Mnemonic = entry.Mnemonic,
            Duration = TimeSpan.FromMilliseconds(entry.Missed?.Duration ?? 0),
        };
        return true;
    }

    private static T? Parse<T>(ByteString bytes, MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }

    private static Explanation? Parse(ByteString json)
    {
        try
        {
            // What is null for another reason than that it may be was left out.
            return JsonSerializer.Deserialize(json.Span, ExplainJson.Default.Explanation) is { Action: not null, Cause: { Subject: not null, Sentence: not null }, Chain: not null, Others: not null } explanation
                && explanation.Chain.All(step => step is { Action: not null, Sentence: not null }) && explanation.Others.All(cause => cause is { Subject: not null, Sentence: not null })
                ? explanation
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Add(Sighting sighting, HistoryEntry entry)
    {
        entry.Instance = sighting.Action.Instance.Value;
        entry.Function = (int)sighting.Action.Function;
        entry.Hash = ByteString.CopyFrom(sighting.Action.HashSpan);
        entry.Size = sighting.Action.SizeBytes;
        entry.Invocation = sighting.Invocation;
        entry.Target = sighting.Target;
        entry.Mnemonic = sighting.Mnemonic;
        entry.At = sighting.At.ToUnixTimeMilliseconds();
        batch.Entries.Add(entry);
    }
}
