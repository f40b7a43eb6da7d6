namespace RemoteExec.Execution.Scheduling;

/// <summary>Makes those share a <see cref="PlatformWish"/> that have the same: there are few, however many actions.</summary>
internal sealed class WishTable
{
    private const int MostRemembered = 1000;
    private readonly RecentMap<string, PlatformWish> wishes = new(MostRemembered);

    /// <summary>The one that is known already, or this one.</summary>
    public PlatformWish Share(PlatformWish wish)
    {
        if (wish.Message is null)
            return wish;
        string key = string.Join('\0', wish.Message.Properties.Select(property => $"{property.Name}\0{property.Value}"));
        if (wishes.TryGet(key, out PlatformWish? known))
            return known;
        wishes.Set(key, wish);
        return wish;
    }
}
