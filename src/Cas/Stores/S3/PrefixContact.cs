using System.Globalization;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// How long a node may believe what it knows of a shared prefix. The others delete nothing that it may rely on until it has heard of it, or was silent for an hour; so what it knew when it last followed the log holds
/// for half an hour. The file <c>contact</c> keeps that over a restart.
/// </summary>
internal sealed class PrefixContact
{
    private const string FileName = "contact";
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan saveInterval = TimeSpan.FromMinutes(1);

    private readonly string path;
    private readonly TimeProvider time;
    private long until; // by the clock that only goes forward
    private long untilTicks; // by the other, which goes on while the machine sleeps
    private DateTimeOffset saved = DateTimeOffset.MinValue;

    /// <summary>Reads what an earlier process left.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public PrefixContact(string directory, TimeProvider time)
    {
        path = Path.Combine(directory, FileName);
        this.time = time;
        if (!File.Exists(path) || !long.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds))
            return;
        TimeSpan age = time.GetUtcNow() - DateTimeOffset.UnixEpoch.AddMilliseconds(milliseconds);
        if (age >= TimeSpan.Zero && age < patience)
            Set(time.GetTimestamp(), time.GetUtcNow(), patience - age);
    }

    /// <summary>True while it may.</summary>
    public bool IsGood => time.GetTimestamp() < Volatile.Read(ref until) && time.GetUtcNow().UtcTicks < Volatile.Read(ref untilTicks);

    /// <summary>The node has followed the log as it was at a moment.</summary>
    /// <param name="timestamp">The moment by <see cref="TimeProvider.GetTimestamp"/>.</param>
    /// <param name="now">The moment by <see cref="TimeProvider.GetUtcNow"/>.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Extend(long timestamp, DateTimeOffset now)
    {
        Set(timestamp, now, patience);
        if ((now - saved).Duration() < saveInterval)
            return;
        using (FileStream stream = StoreDirectory.CreateFile(path + ".new"))
            stream.Write(System.Text.Encoding.ASCII.GetBytes(now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
        File.Move(path + ".new", path, overwrite: true);
        saved = now;
    }

    private void Set(long timestamp, DateTimeOffset now, TimeSpan duration)
    {
        Volatile.Write(ref until, timestamp + (long)(duration.TotalSeconds * time.TimestampFrequency));
        Volatile.Write(ref untilTicks, (now + duration).UtcTicks);
    }
}
