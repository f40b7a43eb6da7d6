using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Serving;

/// <summary>Writes down which files of an index were used, and takes away those that nobody has used for long.</summary>
/// <param name="own">Changes what was put into the index.</param>
/// <param name="fetched">Changes what came from its upstream.</param>
/// <param name="uses">When files were used.</param>
/// <param name="retention">How long they stay.</param>
/// <param name="time">The clock.</param>
internal sealed class IndexUpkeep(IndexEditor own, IndexEditor fetched, UseDays uses, RetentionOptions retention, TimeProvider time)
{
    /// <summary>Looks after it once.</summary>
    /// <param name="used">What was used since the last time; given back if this fails.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many files are gone.</returns>
    /// <exception cref="PythonIndexException">The index can't be read.</exception>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<int> RunAsync(FileUses used, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        IReadOnlyCollection<string> taken = used.Take();
        IReadOnlyDictionary<string, DateOnly> days;
        try
        {
            HashSet<string> kept = [.. await KeysAsync(own, record => record.Channel is not null, cancellationToken), .. await KeysAsync(fetched, _ => true, cancellationToken)];
            days = await uses.AddAsync(taken, DateOnly.FromDateTime(now.UtcDateTime), kept, cancellationToken);
        }
        catch
        {
            used.Add(taken);
            throw;
        }

        return await RetireAsync(own, (project, name, record) => record.Channel is not null ? !IsNewest(project, record) && IsUnused(name, record) : record.Added + retention.Releases <= now, record => record.Channel is not null, cancellationToken)
            + await RetireAsync(fetched, (_, name, record) => IsUnused(name, record), _ => false, cancellationToken);

        bool IsUnused(ProjectName project, FileRecord record)
        {
            // A day is not over before its end.
            DateTimeOffset last = days.TryGetValue(FileUses.KeyOf(project, record.Name), out DateOnly day) ? new DateTimeOffset(day.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) : record.Added;
            return (last > record.Added ? last : record.Added) + retention.Unused <= now;
        }
    }

    private static bool IsNewest(IndexedProject project, FileRecord record) => record.Build == project.Files.Where(other => other.Channel == record.Channel).Max(other => other.Build);

    private static async Task<IReadOnlyList<string>> KeysAsync(IndexEditor editor, Func<FileRecord, bool> counts, CancellationToken cancellationToken)
    {
        List<string> keys = [];
        IndexTree tree = await editor.ReadAsync(cancellationToken);
        foreach (ProjectName name in tree.Projects)
            keys.AddRange((await tree.ReadAsync(name, cancellationToken)).Files.Where(counts).Select(record => FileUses.KeyOf(name, record.Name)));
        return keys;
    }

    private static async Task<int> RetireAsync(IndexEditor editor, Func<IndexedProject, ProjectName, FileRecord, bool> isOver, Func<FileRecord, bool> isForgotten, CancellationToken cancellationToken)
    {
        int count = 0;
        await editor.ChangeAsync(
            "pypi retention",
            async tree =>
            {
                count = 0;
                foreach (ProjectName name in tree.Projects)
                {
                    IndexedProject project = await tree.ReadAsync(name, cancellationToken);
                    FileRecord[] over = [.. project.Files.Where(record => isOver(project, name, record))];
                    count += over.Length;
                    if (over.Length > 0)
                        tree = await tree.WithAsync(name, over.Aggregate(project, (left, record) => left.Without(record.Name, isForgotten(record))), cancellationToken);
                }

                return tree;
            },
            cancellationToken);
        return count;
    }
}
