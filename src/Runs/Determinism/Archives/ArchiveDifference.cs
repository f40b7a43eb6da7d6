namespace RemoteExec.Runs.Determinism.Archives;

/// <summary>In what two archives of one kind differ.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Members">Their members that are not the same.</param>
/// <param name="Causes">What that comes of, beside what their contents tell.</param>
internal sealed record ArchiveDifference(string Kind, IReadOnlyList<MemberDifference> Members, IReadOnlyList<DifferenceCause> Causes)
{
    /// <summary>Finds it; null if the two are no archives of one kind.</summary>
    /// <param name="left">The first one.</param>
    /// <param name="right">The other one.</param>
    /// <param name="inspect">Finds where the contents of two members differ.</param>
    public static ArchiveDifference? Find(byte[] left, byte[] right, Func<byte[], byte[], ContentDifference> inspect)
    {
        if (ArchiveMembers.Read(left) is not { } first || ArchiveMembers.Read(right) is not { } other || first.Kind != other.Kind)
            return null;
        var members = new List<MemberDifference>();
        var causes = new SortedSet<DifferenceCause>();
        OrderedDictionary<(string Name, int Number), ArchiveMember> olds = Index(first.Members), news = Index(other.Members);
        if (!olds.Keys.Intersect(news.Keys).SequenceEqual(news.Keys.Intersect(olds.Keys)))
        {
            members.Add(new MemberDifference("", ["order"], null));
            causes.Add(DifferenceCause.Order);
        }

        foreach ((string Name, int Number) key in olds.Keys.Union(news.Keys))
        {
            if (!olds.TryGetValue(key, out ArchiveMember? old) || !news.TryGetValue(key, out ArchiveMember? current))
            {
                members.Add(new MemberDifference(key.Name, [old is null ? "only in the other one" : "only in the first"], null));
                continue;
            }

            string[] aspects = [.. Aspects(old, current)];
            ContentDifference? content = old.Content.AsSpan().SequenceEqual(current.Content) ? null : inspect(old.Content, current.Content);
            if (aspects.Length > 0 || content is not null)
                members.Add(new MemberDifference(key.Name, aspects, content));
            if (aspects.Any(aspect => aspect.Split(':')[0] is "time" or "atime" or "ctime"))
                causes.Add(DifferenceCause.FileTimes);
            if (aspects.Any(aspect => aspect.Split(':')[0] is "owner"))
                causes.Add(DifferenceCause.Owners);
        }

        if (members.Count == 0)
            members.Add(new MemberDifference("", ["the members are the same: how they are packed is not"], null));
        return new ArchiveDifference(first.Kind, members, [.. causes]);
    }

    private static IEnumerable<string> Aspects(ArchiveMember old, ArchiveMember current)
    {
        Dictionary<string, string> others = current.Aspects.ToDictionary(aspect => aspect.Name, aspect => aspect.Value, StringComparer.Ordinal);
        return old.Aspects.Where(aspect => others.GetValueOrDefault(aspect.Name) != aspect.Value).Select(aspect => $"{aspect.Name}: {aspect.Value} / {others.GetValueOrDefault(aspect.Name, "none")}");
    }

    // In their order; a name may be there several times.
    private static OrderedDictionary<(string Name, int Number), ArchiveMember> Index(IReadOnlyList<ArchiveMember> members)
    {
        var index = new OrderedDictionary<(string, int), ArchiveMember>();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (ArchiveMember member in members)
            index.Add((member.Name, counts[member.Name] = counts.GetValueOrDefault(member.Name) + 1), member);
        return index;
    }
}
