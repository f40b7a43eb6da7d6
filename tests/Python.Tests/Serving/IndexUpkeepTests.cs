using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Python.Serving;
using RemoteExec.Python.Tests.Index;

namespace RemoteExec.Python.Tests.Serving;

public sealed class IndexUpkeepTests : IDisposable
{
    private static readonly ProjectName demo = ProjectName.Parse("demo");
    private readonly TestIndex index = new();
    private readonly TestIndex.MemoryReference fetched = new(), uses = new();
    private readonly FileUses used = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => index.Dispose();

    [Fact]
    public async Task Builds_that_nobody_uses_go_but_for_the_newest()
    {
        await index.AddAsync("demo", "1.0");
        for (int i = 1; i <= 3; i++)
            await index.AddAsync("demo", "1.0", body: $"{i}", channel: "main", revision: $"a{i}");
        index.Time.Advance(TimeSpan.FromDays(29));
        used.Add(demo, "demo-1.0+main.1.ga1-py3-none-any.whl");
        Assert.Equal(0, await RunAsync());
        index.Time.Advance(TimeSpan.FromDays(2));

        Assert.Equal(1, await RunAsync());

        Assert.Equal(["demo-1.0+main.1.ga1-py3-none-any.whl", "demo-1.0+main.3.ga3-py3-none-any.whl", "demo-1.0-py3-none-any.whl"], await FilesAsync());
        index.Time.Advance(TimeSpan.FromDays(40));
        await RunAsync();
        Assert.Equal(["demo-1.0+main.3.ga3-py3-none-any.whl", "demo-1.0-py3-none-any.whl"], await FilesAsync());
        Assert.Null((await index.ReadAsync("demo")).Find("demo-1.0+main.1.ga1-py3-none-any.whl"));
    }

    [Fact]
    public async Task The_next_build_has_the_next_number_whatever_is_gone()
    {
        await index.AddAsync("demo", "1.0", body: "1", channel: "main", revision: "a1");
        await index.AddAsync("demo", "1.0", body: "2", channel: "main", revision: "a2");
        index.Time.Advance(TimeSpan.FromDays(40));
        await RunAsync();

        Assert.Equal(3, (await index.AddAsync("demo", "1.0", body: "3", channel: "main", revision: "a3")).Record.Build);
    }

    [Fact]
    public async Task Releases_stay_unless_it_is_said_otherwise()
    {
        await index.AddAsync("demo", "1.0");
        index.Time.Advance(TimeSpan.FromDays(4000));

        Assert.Equal(0, await RunAsync());
        Assert.Equal(1, await RunAsync(new RetentionOptions { Releases = TimeSpan.FromDays(365) }));

        Assert.Empty(await FilesAsync());
        Assert.Contains("another content", (await Assert.ThrowsAsync<PythonIndexException>(() => index.AddAsync("demo", "1.0", body: "new"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_used_is_written_down_once_a_day_and_is_no_change_of_the_index()
    {
        FileRecord record = (await index.AddAsync("demo", "1.0", channel: "main")).Record;
        (_, long version) = await index.Reference.FindAsync(Token);
        for (int i = 0; i < 5; i++)
        {
            used.Add(demo, record.Name);
            used.Add(demo, "unknown.whl");
            await RunAsync();
            index.Time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(1, (await uses.FindAsync(Token)).Version);
        Assert.Equal(version, (await index.Reference.FindAsync(Token)).Version);
        index.Time.Advance(TimeSpan.FromDays(1));
        used.Add(demo, record.Name);
        await RunAsync();
        Assert.Equal(2, (await uses.FindAsync(Token)).Version);
    }

    private async Task<IEnumerable<string>> FilesAsync() => (await index.ReadAsync("demo")).Files.Select(file => file.Name);

    private Task<int> RunAsync(RetentionOptions? retention = null) =>
        new IndexUpkeep(index.Editor, new IndexEditor(fetched, index.Cas, default), new UseDays(uses, index.Cas, default), retention ?? new RetentionOptions(), index.Time).RunAsync(used, Token);
}
