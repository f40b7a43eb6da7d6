using RemoteExec.Protocol;
using RemoteExec.References.Stores;

namespace RemoteExec.References.Tests.Stores;

public sealed class DatabaseReferenceStoreTests : ReferenceStoreContract, IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly List<DatabaseReferenceStore> opened = [];

    private string File => directory["references.db"];

    public void Dispose()
    {
        opened.ForEach(store => store.Dispose());
        directory.Dispose();
    }

    protected override Task<IReferenceStore> CreateAsync() => Task.FromResult<IReferenceStore>(Open());

    [Fact]
    public async Task What_was_put_is_there_after_the_file_is_opened_again()
    {
        var record = new ReferenceRecord(NameOf("a"), 3, DateTimeOffset.UnixEpoch, true, []);
        using (DatabaseReferenceStore store = DatabaseReferenceStore.Open(File))
            await store.ReplaceAsync(InstanceName.Parse(""), record, 0, Token);

        ReferenceRecord? found = await Open().FindAsync(InstanceName.Parse(""), NameOf("a"), Token);

        Assert.Equal((3, true), (found!.Version, found.IsDeleted));
    }

    [Fact]
    public void What_is_no_database_is_not_touched()
    {
        System.IO.File.WriteAllText(File, new string('x', 5000));

        IOException exception = Assert.Throws<IOException>(() => DatabaseReferenceStore.Open(File));

        Assert.Contains(File, exception.Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 5000), System.IO.File.ReadAllText(File));
    }

    [Fact]
    public async Task A_later_layout_is_refused()
    {
        using (DatabaseReferenceStore store = DatabaseReferenceStore.Open(File))
            await store.InstancesAsync(Token);
        byte[] content = await System.IO.File.ReadAllBytesAsync(File, Token);
        content[63] = 200; // the user version, of which this is the lowest byte
        await System.IO.File.WriteAllBytesAsync(File, content, Token);

        IOException exception = Assert.Throws<IOException>(() => DatabaseReferenceStore.Open(File));

        Assert.Contains("later version", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_can_not_be_made_is_told_to_who_uses_it_and_made_once_it_can()
    {
        string path = directory["not", "there.db"];
        using DatabaseReferenceStore store = DatabaseReferenceStore.Open(path);

        await Assert.ThrowsAsync<RemoteExec.Cas.StoreUnavailableException>(() => store.InstancesAsync(Token));
        Directory.CreateDirectory(directory["not"]);

        Assert.Empty(await store.InstancesAsync(Token));
        Assert.True(System.IO.File.Exists(path));
    }

    private DatabaseReferenceStore Open()
    {
        opened.Add(DatabaseReferenceStore.Open(File));
        return opened[^1];
    }
}
