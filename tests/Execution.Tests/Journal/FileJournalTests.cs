using Microsoft.Extensions.Logging;
using RemoteExec.Execution.Journal;
using RemoteExec.Protocol.Journals;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Journal;

public sealed class FileJournalTests : JournalContract, IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly RecordingLogger log = new();
    private readonly ManualTimeProvider time = new();

    private string File => directory["scheduler", "journal"];

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Wherever_the_last_write_was_cut_off_all_before_it_is_there()
    {
        long[] ends = await WriteThreeAsync();
        byte[] whole = await System.IO.File.ReadAllBytesAsync(File, Token);
        for (int length = 0; length < whole.Length; length++)
        {
            await System.IO.File.WriteAllBytesAsync(File, whole[..length], Token);
            JournalEntry[] left = [.. Enumerable.Range(1, 3).Where(number => ends[number - 1] <= length).Select(number => Entry(number))];
            Assert.Equal(left, await ReadAsync());

            await using (FileJournal journal = Open(_ => { }))
                await journal.AppendAsync([Entry(4)], Token);
            Assert.Equal([.. left, Entry(4)], await ReadAsync());
        }

        Assert.True(HasLogged("not written to their end"));
    }

    [Fact]
    public async Task Zeros_at_the_end_are_what_a_power_failure_leaves()
    {
        await using (FileJournal journal = Open(_ => { }))
            await journal.AppendAsync([Entry(1)], Token);
        await System.IO.File.AppendAllBytesAsync(File, new byte[200_000], Token);

        Assert.Equal([Entry(1)], await ReadAsync());
    }

    [Fact]
    public async Task Damage_anywhere_but_at_the_end_is_told_and_what_to_do()
    {
        long[] ends = await WriteThreeAsync();
        byte[] whole = await System.IO.File.ReadAllBytesAsync(File, Token);
        for (int at = 0; at < ends[1]; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x10;
            await System.IO.File.WriteAllBytesAsync(File, damaged, Token);

            var fault = Assert.Throws<JournalDamagedException>(() => Open(_ => { }));
            Assert.Contains($"truncate -s {fault.At} {File}", fault.Message, StringComparison.Ordinal);
            Assert.InRange(fault.At, 0, at);
        }
    }

    [Fact]
    public async Task What_the_message_says_to_do_helps()
    {
        long[] ends = await WriteThreeAsync();
        byte[] whole = await System.IO.File.ReadAllBytesAsync(File, Token);
        whole[ends[1] - 1] ^= 1;
        await System.IO.File.WriteAllBytesAsync(File, whole, Token);
        var fault = Assert.Throws<JournalDamagedException>(() => Open(_ => { }));

        await using (FileStream file = System.IO.File.OpenWrite(File))
            file.SetLength(fault.At);

        Assert.Equal([Entry(1)], await ReadAsync());
    }

    [Fact]
    public async Task A_second_process_does_not_get_it()
    {
        await using FileJournal first = Open(_ => { });

        Assert.Throws<JournalLockedException>(() => Open(_ => { }));
    }

    [Fact]
    public async Task A_write_that_fails_is_made_again_as_long_as_it_takes()
    {
        await using FileJournal journal = Open(_ => { });
        await journal.AppendAsync([Entry(1)], Token);
        Directory.CreateDirectory(File + ".new"); // in the way of a snapshot

        Task replacing = journal.ReplaceAsync([Entry(2)], Token);
        for (int i = 0; i < 3; i++)
        {
            while (time.WaitingTimers == 0)
                await Task.Yield();
            Assert.False(replacing.IsCompleted);
            Assert.True(HasLogged("can't be written"));
            if (i == 2)
                Directory.Delete(File + ".new");
            time.Advance(TimeSpan.FromSeconds(1));
        }

        await replacing;
        await journal.AppendAsync([Entry(3)], Token);
        await journal.DisposeAsync();
        Assert.Equal([Entry(2), Entry(3)], await ReadAsync());
        Assert.True(HasLogged("written again"));
    }

    protected override Task<IJournal> OpenAsync(Action<JournalEntry> restore) => Task.FromResult<IJournal>(Open(restore));

    private bool HasLogged(string text) => log.Entries.Any(entry => entry.Text.Contains(text, StringComparison.Ordinal));

    /// <summary>Writes three entries, each in a write of its own; returns where each of them ends.</summary>
    private async Task<long[]> WriteThreeAsync()
    {
        var ends = new long[3];
        await using FileJournal journal = Open(_ => { });
        for (int i = 0; i < 3; i++)
        {
            await journal.AppendAsync([Entry(i + 1)], Token);
            ends[i] = new FileInfo(File).Length;
        }

        return ends;
    }

    private FileJournal Open(Action<JournalEntry> restore)
    {
        using var factory = new LoggerFactory([log]);
        return FileJournal.Open(directory["scheduler"], restore, factory.CreateLogger<FileJournal>(), time);
    }
}
