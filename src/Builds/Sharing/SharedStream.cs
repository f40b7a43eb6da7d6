using System.Globalization;
using System.Text;
using RemoteExec.Redis;

namespace RemoteExec.Builds.Sharing;

/// <summary>
/// What servers tell each other through a Redis: a stream that each appends to and all read, with a bound in bytes and in age. Entries of one origin stand in it in the order of their
/// numbers, perhaps more than once. May be used concurrently.
/// </summary>
/// <param name="redis">Where it is; not disposed of here.</param>
/// <param name="prefix">What its keys begin with.</param>
/// <param name="name">Which stream it is: the hash tag of its keys.</param>
/// <param name="maxBytes">How many bytes of payload it keeps, about.</param>
internal sealed class SharedStream(RedisConnection redis, string prefix, string name, long maxBytes)
{
    /// <summary>For how long entries stay.</summary>
    public static TimeSpan Age { get; } = TimeSpan.FromDays(1);

    private const int BytesAtATime = 2 << 20;
    private const int EntriesFrom = 3; // in the script's result

    private readonly string[] keys = [$"{prefix}{{{name}}}:stream", $"{prefix}{{{name}}}:state"];

    /// <summary>Appends entries of one origin.</summary>
    /// <param name="known">The generation that the writer knows, and what it has appended last.</param>
    /// <param name="origin">The writer.</param>
    /// <param name="entries">Their numbers and payloads.</param>
    /// <param name="cancellationToken">Gives up waiting; they may be appended all the same.</param>
    /// <returns>Where they ended; without an id if the generation is another one: then nothing was appended, and all that the writer still has is to be appended to that.</returns>
    /// <exception cref="RedisUnavailableException">Redis is out of reach, or full.</exception>
    public async Task<StreamPosition> AppendAsync(StreamPosition known, string origin, IEnumerable<(long Sequence, byte[] Payload)> entries, CancellationToken cancellationToken)
    {
        IReadOnlyList<byte[]> reply = await redis.EvalBytesAsync(
            SharedStreamScripts.Append,
            keys,
            [
                Bytes(known.Generation), Bytes(known.Id), Bytes(Guid.NewGuid().ToString("N")), Bytes(maxBytes), Bytes((long)Age.TotalMilliseconds), Bytes(origin),
                .. entries.SelectMany(entry => (byte[][])[Bytes(entry.Sequence), entry.Payload]),
            ],
            cancellationToken);
        return new StreamPosition(Text(reply[0]), Text(reply[1]));
    }

    /// <summary>Looks for what is new.</summary>
    /// <param name="position">How far it was read.</param>
    /// <param name="origin">The reader, whose own entries come without their payload.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RedisUnavailableException">Redis is out of reach.</exception>
    public async Task<StreamView> ReadAsync(StreamPosition position, string origin, CancellationToken cancellationToken)
    {
        IReadOnlyList<byte[]> reply = await redis.EvalBytesAsync(
            SharedStreamScripts.Read, keys, [Bytes(position.Generation), Bytes(position.Id), Bytes(BytesAtATime), Bytes(origin)], cancellationToken);
        var entries = new List<SharedEntry>();
        for (int i = EntriesFrom; i + 2 < reply.Count; i += 3)
        {
            // Whatever else somebody has written there is passed over.
            if (long.TryParse(reply[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out long sequence))
                entries.Add(new SharedEntry(Text(reply[i]), sequence, Text(reply[i]) == origin ? null : reply[i + 2]));
        }

        return new StreamView(new StreamPosition(Text(reply[0]), Text(reply[1])), entries, Text(reply[2]) == "1");
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Bytes(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
