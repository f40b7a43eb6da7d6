namespace RemoteExec.TestKit;

/// <summary>What of the bytes that were not synced is on the medium when the power fails.</summary>
internal enum Survival
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Everything: as after a kill.</summary>
    All,

    /// <summary>Any pages, each by chance.</summary>
    SomePages,

    /// <summary>What was written first, up to a torn write.</summary>
    Beginning,
}

/// <summary>
/// A disk after a power failure, as the promises of POSIX allow it: bytes and lengths are there if their file was synced after they were written, names if their directory
/// was; of all else anything may be, but for the order of names in a directory, which file systems keep. What a sync that failed was to write is lost even if a later one succeeds.
/// </summary>
internal sealed class SimulatedDisk
{
    private const int PageBytes = 4096;
    private const int SectorBytes = 512;

    private readonly Random random;
    private readonly Dictionary<int, Contents> open = [];
    private readonly Dictionary<string, Contents> names = []; // as the process sees them
    private readonly Dictionary<string, Contents> durableNames = [];
    private readonly Dictionary<int, string> directories = []; // by open file
    private readonly HashSet<string> durableDirectories = [""];
    private readonly List<NameChange> pendingNames = [];

    /// <summary>Lets happen what a journal tells, up to one of its events.</summary>
    public SimulatedDisk(DiskJournal journal, int count, Random random)
    {
        this.random = random;
        foreach (DiskEvent happened in journal.Events.Take(count))
            Apply(happened);
    }

    /// <summary>Lets the power fail, and writes what is left into an empty directory.</summary>
    public void WriteTo(string directory, Survival survival)
    {
        int kept = survival switch { Survival.None => 0, Survival.All => pendingNames.Count, _ => random.Next(pendingNames.Count + 1) };
        foreach (NameChange change in pendingNames[..kept])
            change.Apply(durableNames);
        foreach (string made in durableDirectories)
            Directory.CreateDirectory(Path.Combine(directory, made));
        foreach ((string name, Contents contents) in durableNames.Where(file => durableDirectories.Contains(DirectoryOf(file.Key))))
            File.WriteAllBytes(Path.Combine(directory, name), contents.After(survival, random));
    }

    private void Apply(DiskEvent happened)
    {
        switch (happened.Kind)
        {
            case DiskEventKind.Started:
                open.Clear(); // a process counts its files anew
                directories.Clear();
                directories[0] = "";
                break;
            case DiskEventKind.Made:
                string folder = happened.Names.First;
                pendingNames.Add(new NameChange(happened.Position, DirectoryOf(folder), _ => durableDirectories.Add(folder)));
                break;
            case DiskEventKind.Listed:
                directories[happened.File] = happened.Names.First;
                break;
            case DiskEventKind.Opened when names.TryGetValue(happened.Names.First, out Contents? known):
                open[happened.File] = known;
                break;
            case DiskEventKind.Opened: // a process was killed when it had just created it, and had not told
            case DiskEventKind.Created:
                var made = new Contents();
                open[happened.File] = made;
                string name = happened.Names.First;
                Change(happened, name, all => all[name] = made);
                break;
            case DiskEventKind.Renamed:
                (string from, string to) = happened.Names;
                Change(happened, to, all =>
                {
                    if (all.Remove(from, out Contents? moved)) // the process may have been killed before it was done
                        all[to] = moved;
                });
                break;
            case DiskEventKind.Unlinked:
                string gone = happened.Names.First;
                Change(happened, gone, all => all.Remove(gone));
                break;
            case DiskEventKind.Written:
            case DiskEventKind.Cut:
                open[happened.File].Pending.Add(happened);
                break;
            case DiskEventKind.Synced when directories.TryGetValue(happened.File, out string? synced):
                pendingNames.RemoveAll(change =>
                {
                    bool isDone = change.Position < happened.Number && change.Directory == synced;
                    if (isDone)
                        change.Apply(durableNames);
                    return isDone;
                });
                break;
            case DiskEventKind.Synced:
                open[happened.File].Sync(happened.Number);
                break;
            case DiskEventKind.SyncFailed when !directories.ContainsKey(happened.File):
                open[happened.File].FailToSync(happened.Position, random); // also what was written while it was under way
                break;
        }
    }

    private void Change(DiskEvent happened, string name, Action<Dictionary<string, Contents>> change)
    {
        change(names);
        pendingNames.Add(new NameChange(happened.Position, DirectoryOf(name), change));
    }

    private static string DirectoryOf(string name) => Path.GetDirectoryName(name) ?? "";

    private readonly record struct NameChange(long Position, string Directory, Action<Dictionary<string, Contents>> Apply);

    private sealed class Contents
    {
        private readonly MemoryStream durable = new();

        public List<DiskEvent> Pending { get; } = [];

        public void Sync(long begun)
        {
            foreach (DiskEvent change in TakeBefore(begun))
                Apply(durable, change);
        }

        public void FailToSync(long begun, Random random) => Keep(durable, TakeBefore(begun), Survival.SomePages, random);

        public byte[] After(Survival survival, Random random)
        {
            var bytes = new MemoryStream();
            durable.WriteTo(bytes);
            Keep(bytes, Pending, survival, random);
            return bytes.ToArray();
        }

        private DiskEvent[] TakeBefore(long position)
        {
            DiskEvent[] taken = [.. Pending.Where(change => change.Position < position)];
            Pending.RemoveAll(change => change.Position < position);
            return taken;
        }

        private static void Keep(MemoryStream bytes, IReadOnlyList<DiskEvent> changes, Survival survival, Random random)
        {
            int beginning = survival switch { Survival.None => 0, Survival.Beginning => random.Next(changes.Count + 1), _ => changes.Count };
            long longest = bytes.Length;
            for (int i = 0; i < beginning; i++)
            {
                DiskEvent change = changes[i];
                bool isLast = i == beginning - 1;
                if (change.Kind == DiskEventKind.Written)
                    longest = Math.Max(longest, change.Number + change.Bytes.Length);
                foreach (DiskEvent part in survival switch
                {
                    Survival.SomePages => Pages(change).Where(_ => random.Next(2) == 0),
                    Survival.Beginning when isLast => [Torn(change, random)],
                    _ => [change],
                })
                    Apply(bytes, part);
            }

            // A length may get to the medium before the bytes do: zeros, or what the disk had there before.
            if (survival is not (Survival.SomePages or Survival.Beginning) || longest <= bytes.Length || random.Next(2) == 0)
                return;
            var tail = new byte[longest - bytes.Length];
            if (random.Next(2) == 0)
                random.NextBytes(tail);
            bytes.Position = bytes.Length;
            bytes.Write(tail);
        }

        private static IEnumerable<DiskEvent> Pages(DiskEvent change)
        {
            if (change.Kind == DiskEventKind.Cut)
                yield return change;
            for (long at = change.Number, end = change.Number + change.Bytes.Length, next; at < end; at = next)
            {
                next = Math.Min(end, ((at / PageBytes) + 1) * PageBytes);
                yield return change with { Number = at, Bytes = change.Bytes[(int)(at - change.Number)..(int)(next - change.Number)] };
            }
        }

        private static DiskEvent Torn(DiskEvent change, Random random) =>
            change with { Bytes = change.Bytes[..Math.Min(change.Bytes.Length, random.Next(2 + (change.Bytes.Length / SectorBytes)) * SectorBytes)] };

        private static void Apply(MemoryStream bytes, DiskEvent change)
        {
            if (change.Kind == DiskEventKind.Cut)
            {
                bytes.SetLength(change.Number);
                return;
            }

            bytes.Position = change.Number;
            bytes.Write(change.Bytes.Span);
        }
    }
}
