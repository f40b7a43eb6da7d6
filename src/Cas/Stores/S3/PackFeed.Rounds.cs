namespace RemoteExec.Cas.Stores.S3;

/// <content>What happens in a round.</content>
internal sealed partial class PackFeed
{
    /// <summary>Does a round: afterwards all is known that the log says, except packs that the bucket did not give. Returns a number that changes when Redis lost something, or forgot this node.</summary>
    /// <exception cref="StoreUnavailableException">Redis can't be reached.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public async Task<int> SyncAsync(CancellationToken cancellationToken)
    {
        await rounds.WaitAsync(cancellationToken);
        try
        {
            while (!await VisitAsync(cancellationToken))
            {
                // There is more.
            }

            if (contact.IsGood || listed == generation)
                contact.Extend(followed.Timestamp, followed.Now);
            await SettleAsync(cancellationToken);
            await WelcomeAsync(cancellationToken);
            await TellUsesAsync(cancellationToken);
            return generation;
        }
        finally
        {
            rounds.Release();
        }
    }

    /// <summary>Reads a page of the log. True if it was the last one.</summary>
    private async Task<bool> VisitAsync(CancellationToken cancellationToken)
    {
        string[] said;
        lock (gate)
            said = [.. owed.Take(MostAnnounced)];
        (long, DateTimeOffset) now = (time.GetTimestamp(), time.GetUtcNow());
        PackLogPage page = await log.VisitAsync(new PackLogVisit(epoch, answered, ++beat, cursor, ack, said), cancellationToken);
        answered = beat;
        followed = now;
        lock (gate)
            owed.RemoveRange(0, said.Length);
        if (!page.IsKnown)
            BeginAnew(page.Epoch);
        await FollowAsync(page, cancellationToken);
        lock (gate)
            return page.Entries.Count < PackLog.PageLength && owed.Count == 0;
    }

    /// <summary>Redis does not know this node as it was: it started, was away for long, or Redis lost what came last. All that is known here and may be lost there is told anew.</summary>
    private void BeginAnew(string nextEpoch)
    {
        if (epoch.Length > 0)
            CasLog.LogBegunAnew(logger, name);
        ack = 0;
        Volatile.Write(ref generation, generation + 1);
        long since = (time.GetUtcNow() - recent).ToUnixTimeMilliseconds() * 1000;
        PackName[] own = [.. presence.Measure().Select(pack => pack.Name).Where(pack => pack.Node == node && pack.Order >= since)];
        lock (gate)
        {
            epochSeen = time.GetTimestamp(); // also of the same log: the others, too, may have to be heard again
            epoch = nextEpoch;
            cursor = 0;
            foreach (PackDeparture departure in departures.Values)
                departure.Number = 0;
            owed.AddRange(departures.Keys.Select(pack => '-' + pack.ToString()));
            owed.AddRange(own.Select(pack => '+' + pack.ToString()));
        }

        presence.RepeatUses(all: true);
    }

    private async Task FollowAsync(PackLogPage page, CancellationToken cancellationToken)
    {
        PackName[] leaving = [.. page.Entries.Where(entry => entry.IsLeaving).Select(entry => entry.Pack)];
        if (leaving.Length > 0)
        {
            var known = (await presence.BarAsync(leaving, cancellationToken)).ToHashSet();
            lock (gate)
            {
                foreach (PackLogEntry entry in page.Entries.Where(entry => entry.IsLeaving))
                {
                    if (!departures.TryGetValue(entry.Pack, out PackDeparture? departure))
                        departures[entry.Pack] = departure = new PackDeparture { Since = time.GetTimestamp(), IsForgotten = !known.Contains(entry.Pack) };
                    departure.Number = entry.Number;
                }
            }

            arrivals.ExceptWith(leaving);
            isUnsaved |= presence.HasForgotten; // one of them, perhaps, which the checkpoint still has
        }

        arrivals.UnionWith(page.Entries.Where(entry => !entry.IsLeaving && !presence.Knows(entry.Pack)).Select(entry => entry.Pack));
        lock (gate)
            cursor = page.Entries.Count > 0 ? page.Entries[^1].Number : cursor;
        await ReadmitAsync(page.Floor, cancellationToken);
    }

    /// <summary>What was cut off the log is not about to be deleted any more: it is deleted, or may be found again.</summary>
    private async Task ReadmitAsync(long floor, CancellationToken cancellationToken)
    {
        PackName[] past;
        lock (gate)
            past = [.. departures.Where(pair => pair.Value is { IsForgotten: true, Number: > 0 } departure && departure.Number <= floor).Select(pair => pair.Key)];
        if (past.Length == 0)
            return;
        await presence.UnbarAsync(past, cancellationToken);
        lock (gate)
        {
            foreach (PackName pack in past)
                departures.Remove(pack);
        }
    }

    /// <summary>Forgets what left some time ago, for good, so that the others can be told.</summary>
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        PackName[] due;
        lock (gate)
            due = [.. departures.Where(pair => !pair.Value.IsForgotten && time.GetElapsedTime(pair.Value.Since) >= grace).Select(pair => pair.Key)];
        if (due.Length > 0)
        {
            await presence.ForgetPacksAsync(due, cancellationToken);
            isUnsaved = true;
        }

        long settled = cursor;
        lock (gate)
        {
            foreach (PackName pack in due)
                departures[pack].IsForgotten = true;
            foreach (PackDeparture departure in departures.Values.Where(departure => departure is { IsForgotten: false, Number: > 0 }))
                settled = Math.Min(settled, departure.Number - 1);
        }

        if (isUnsaved)
        {
            await presence.CheckpointAsync(cancellationToken);
            isUnsaved = false;
        }

        ack = Math.Max(ack, settled);
    }

    /// <summary>Adds the packs that came.</summary>
    private async Task WelcomeAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (PackName[] some in arrivals.Chunk(16))
            {
                await Task.WhenAll(some.Select(async pack =>
                {
                    if (await ends.ReadAsync(pack, cancellationToken) is { Entries: { } entries } end)
                        await presence.AddAsync(pack, end.PackLength, entries, cancellationToken);
                }));
                arrivals.ExceptWith(some);
            }
        }
        catch (StoreUnavailableException)
        {
            // The bucket is away: the next round tries again.
        }
    }

    private async Task TellUsesAsync(CancellationToken cancellationToken)
    {
        (KnownPack Pack, uint Hour)[] uses = [.. presence.TakeNewUses().Select(pack => (pack, pack.LastUse))];
        if (uses.Length == 0)
            return;
        try
        {
            await log.UseAsync(uses.Select(use => (use.Pack.Name, use.Hour)), cancellationToken);
            foreach ((KnownPack pack, uint hour) in uses)
                pack.ToldUse = hour;
        }
        catch
        {
            presence.RepeatUses(all: false);
            throw;
        }
    }
}
