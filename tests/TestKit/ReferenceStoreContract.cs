using RemoteExec.Protocol;
using RemoteExec.References;

namespace RemoteExec.TestKit;

/// <summary>What every store of references promises.</summary>
public abstract class ReferenceStoreContract
{
    private static readonly InstanceName main = InstanceName.Parse("main"), other = InstanceName.Parse("other/one");
    private static readonly DateTimeOffset now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A store that is empty.</summary>
    protected abstract Task<IReferenceStore> CreateAsync();

    [Fact]
    public async Task What_was_put_is_found_as_it_was()
    {
        IReferenceStore store = await CreateAsync();
        ReferenceRecord record = Record("team/app@v1.2+3", 1).With(new Reference(NameOf("team/app@v1.2+3"), new ReferenceTarget(TestBlob.Of([2], "main").Digest, IsDirectory: true), 2, now, now.AddDays(1), "ann (token)", "a note: ü"));

        Assert.True(await store.ReplaceAsync(main, record, 0, Token));
        ReferenceRecord? found = await store.FindAsync(main, record.Name, Token);

        Assert.Equal(record.History, found!.History);
        Assert.Equal((record.Name, record.Version, record.Changed, record.IsDeleted), (found.Name, found.Version, found.Changed, found.IsDeleted));
        Assert.Null(await store.FindAsync(other, record.Name, Token));
        Assert.Null(await store.FindAsync(main, NameOf("team/app"), Token));
    }

    [Fact]
    public async Task Only_who_knows_the_version_replaces()
    {
        IReferenceStore store = await CreateAsync();

        Assert.False(await store.ReplaceAsync(main, Record("a", 2), 1, Token));
        Assert.True(await store.ReplaceAsync(main, Record("a", 1), 0, Token));
        Assert.False(await store.ReplaceAsync(main, Record("a", 5), 0, Token));
        Assert.False(await store.ReplaceAsync(main, Record("a", 5), 2, Token));
        Assert.Equal(1, (await store.FindAsync(main, NameOf("a"), Token))!.Version);
        Assert.True(await store.ReplaceAsync(main, Record("a", 2).Deleted(now), 1, Token));
        Assert.True((await store.FindAsync(main, NameOf("a"), Token))!.IsDeleted);
    }

    [Fact]
    public async Task Of_many_at_once_one_replaces()
    {
        IReferenceStore store = await CreateAsync();
        for (int version = 0; version < 5; version++)
        {
            bool[] done = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.ReplaceAsync(main, Record("a", version + 1), version, Token)));

            Assert.Single(done, true);
        }
    }

    [Fact]
    public async Task Only_who_knows_the_version_removes()
    {
        IReferenceStore store = await CreateAsync();
        await store.ReplaceAsync(main, Record("a", 3), 0, Token);

        Assert.False(await store.RemoveAsync(main, NameOf("a"), 2, Token));
        Assert.False(await store.RemoveAsync(other, NameOf("a"), 3, Token));
        Assert.True(await store.RemoveAsync(main, NameOf("a"), 3, Token));
        Assert.False(await store.RemoveAsync(main, NameOf("a"), 3, Token));
        Assert.Empty(await store.ListAsync(main, "", "", 10, Token));
        Assert.True(await store.ReplaceAsync(main, Record("a", 1), 0, Token));
    }

    [Fact]
    public async Task Lists_are_in_the_order_of_the_characters_and_go_on_where_they_ended()
    {
        IReferenceStore store = await CreateAsync();
        string[] names = ["B", "a", "a+1", "a-1", "a.1", "a/1", "a@1", "a_1", "ab", "b"];
        foreach (string name in names.Reverse())
            await store.ReplaceAsync(main, Record(name, 1), 0, Token);
        await store.ReplaceAsync(other, Record("a9", 1), 0, Token);
        Array.Sort(names, StringComparer.Ordinal);

        Assert.Equal(names, await ListAsync(store, "", "", 100));
        Assert.Equal(names[..3], await ListAsync(store, "", "", 3));
        Assert.Equal(names[3..5], await ListAsync(store, "", names[2], 2));
        Assert.Equal(names.Where(name => name.StartsWith('a')), await ListAsync(store, "a", "", 100));
        Assert.Equal(names.Where(name => name.StartsWith("a/", StringComparison.Ordinal)), await ListAsync(store, "a/", "", 100));
        Assert.Equal(["ab"], await ListAsync(store, "a", "a_1", 100));
        Assert.Equal(names.Where(name => name.StartsWith('a')), await ListAsync(store, "a", "B", 100));
        Assert.Empty(await ListAsync(store, "a", "b", 100));
        Assert.Empty(await ListAsync(store, "c", "", 100));
    }

    [Fact]
    public async Task Instances_that_have_records_are_known()
    {
        IReferenceStore store = await CreateAsync();
        Assert.Empty(await store.InstancesAsync(Token));
        await store.ReplaceAsync(main, Record("a", 1), 0, Token);
        await store.ReplaceAsync(main, Record("b", 1), 0, Token);
        await store.ReplaceAsync(default, Record("c", 1), 0, Token);

        Assert.Equal(["", "main"], (await store.InstancesAsync(Token)).Select(instance => instance.Value).Order(StringComparer.Ordinal));
    }

    /// <summary>A name.</summary>
    protected static ReferenceName NameOf(string text) => ReferenceName.TryParse(text, out ReferenceName name, out string? error) ? name : throw new ArgumentException(error);

    private static async Task<IEnumerable<string>> ListAsync(IReferenceStore store, string prefix, string after, int count) =>
        (await store.ListAsync(main, prefix, after, count, Token)).Select(record => record.Name.Value);

    private static ReferenceRecord Record(string name, long version) =>
        new ReferenceRecord(NameOf(name), 0, now, false, []).With(new Reference(NameOf(name), new ReferenceTarget(TestBlob.Of([1], "main").Digest, IsDirectory: false), version, now, null, "", ""));
}
