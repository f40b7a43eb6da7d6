using System.Buffers;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>
/// A journal in a directory of this machine, for a scheduler that stands alone. What was appended is there after the process was killed. It is not flushed to the medium, so that
/// a power failure may take the last seconds; a snapshot is flushed. While the disk takes nothing, as when it is full, it is tried again each second.
/// <code>
/// journal       what <see cref="JournalFileFormat"/> describes
/// journal.new   a snapshot that is being written
/// lock          locked as long as a process has the journal
/// </code>
/// </summary>
public sealed class FileJournal : IJournal
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan retryAfter = TimeSpan.FromSeconds(1);

    private readonly string path;
    private readonly FileStream ownership;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private FileStream file;
    private long end;
    private JournalGrowth growth;
    private bool isStuck;

    private FileJournal(string path, FileStream ownership, FileStream file, ILogger logger, TimeProvider time)
    {
        this.path = path;
        this.ownership = ownership;
        this.file = file;
        this.logger = logger;
        this.time = time;
    }

    /// <inheritdoc/>
    public bool WantsSnapshot => growth.WantsSnapshot;

    /// <summary>Opens the journal of a directory, or begins one. What a process that died had begun to write at its end is cut off.</summary>
    /// <param name="directory">The directory; made if it is missing.</param>
    /// <param name="restore">Gets every entry that is there, in order.</param>
    /// <param name="logger">For what an operator has to know.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="JournalLockedException">Another process has it open.</exception>
    /// <exception cref="JournalDamagedException">It is damaged.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be written to.</exception>
    public static FileJournal Open(string directory, Action<JournalEntry> restore, ILogger logger, TimeProvider time)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        FileStream ownership = Lock(directory);
        FileStream? file = null;
        try
        {
            string path = Path.Combine(directory, "journal");
            file = OpenFile(path, FileMode.OpenOrCreate, FileShare.Read);
            var journal = new FileJournal(path, ownership, file, logger, time);
            journal.Restore(restore);
            return journal;
        }
        catch
        {
            file?.Dispose();
            ownership.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task AppendAsync(IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        var batch = new JournalBatch();
        batch.Entries.Add(entries);
        await UntilDoneAsync(
            async () =>
            {
                // What an attempt has left behind would stand behind a shorter one.
                if (file.Length > end)
                    file.SetLength(end);
                int length = await WriteAsync(file, end, batch);
                end += length;
                growth.Append(length);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task ReplaceAsync(IReadOnlyList<JournalEntry> snapshot, CancellationToken cancellationToken) =>
        UntilDoneAsync(() => WriteSnapshotAsync(snapshot), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        await ownership.DisposeAsync();
    }

    private static FileStream Lock(string directory)
    {
        try
        {
            return OpenFile(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileShare.None);
        }
        catch (IOException fault) when (fault.HResult is 11 or 35 or unchecked((int)0x80070020)) // EWOULDBLOCK (Linux, macOS), ERROR_SHARING_VIOLATION
        {
            throw new JournalLockedException(directory);
        }
    }

    private static FileStream OpenFile(string path, FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return new FileStream(path, options);
    }

    private static async Task<int> WriteAsync(FileStream file, long at, JournalBatch batch)
    {
        int length = JournalFileFormat.PrefixBytes + batch.CalculateSize();
        byte[] frame = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            batch.WriteTo(frame.AsSpan(JournalFileFormat.PrefixBytes, length - JournalFileFormat.PrefixBytes));
            JournalFileFormat.WritePrefix(frame.AsSpan(0, JournalFileFormat.PrefixBytes), frame.AsSpan(JournalFileFormat.PrefixBytes, length - JournalFileFormat.PrefixBytes));

            // Not to be broken off: the next one is written in the same place.
            await RandomAccess.WriteAsync(file.SafeFileHandle, frame.AsMemory(0, length), at, CancellationToken.None);
            return length;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    private void Restore(Action<JournalEntry> restore)
    {
        using (FileStream input = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0))
        {
            var reader = new JournalFileReader(input);
            end = reader.Read(restore);
            growth.Replace(reader.SnapshotBytes);
            growth.Append(Math.Max(end - JournalFileFormat.HeadBytes - reader.SnapshotBytes, 0));
        }

        if (file.Length > end)
            ExecutionLog.JournalCut(logger, path, file.Length - end);
        file.SetLength(end);
        if (end > 0)
            return;
        RandomAccess.Write(file.SafeFileHandle, JournalFileFormat.HeadOf(0), 0);
        end = JournalFileFormat.HeadBytes;
    }

    private async Task WriteSnapshotAsync(IReadOnlyList<JournalEntry> snapshot)
    {
        string newPath = path + ".new";
        FileStream next = OpenFile(newPath, FileMode.Create, FileShare.Read);
        try
        {
            long at = JournalFileFormat.HeadBytes;
            foreach (JournalBatch piece in JournalPieces.Of(snapshot))
                at += await WriteAsync(next, at, piece);
            await RandomAccess.WriteAsync(next.SafeFileHandle, JournalFileFormat.HeadOf(at - JournalFileFormat.HeadBytes), 0, CancellationToken.None);
            FileFlush.Run(next.SafeFileHandle);
            File.Move(newPath, path, overwrite: true);
            await file.DisposeAsync();
            file = next;
            end = at;
            growth.Replace(at - JournalFileFormat.HeadBytes);
        }
        catch
        {
            if (!ReferenceEquals(file, next))
                await next.DisposeAsync();
            throw;
        }
    }

    private async Task UntilDoneAsync(Func<Task> write, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await write();
                if (isStuck)
                    ExecutionLog.JournalWrites(logger, path);
                isStuck = false;
                return;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                if (!isStuck)
                    ExecutionLog.JournalStuck(logger, path, fault.Message);
                isStuck = true;
            }

            await Task.Delay(retryAfter, time, cancellationToken);
        }
    }
}
