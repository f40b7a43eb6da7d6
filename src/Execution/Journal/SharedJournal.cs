using System.Globalization;
using System.Text;
using RemoteExec.Redis;

namespace RemoteExec.Execution.Journal;

/// <summary>The Redis that schedulers share, with its lease and its journal. Thread-safe; others write and read through it.</summary>
/// <param name="redis">Where it is; not disposed of here.</param>
/// <param name="prefix">What every key begins with: the same for all schedulers of one installation.</param>
public sealed class SharedJournal(RedisConnection redis, string prefix)
{
    private readonly SharedJournalKeys keys = new(prefix);

    /// <summary>Runs one of the scripts.</summary>
    /// <param name="script">The script.</param>
    /// <param name="values">Its values behind the first, numbers and strings and bytes.</param>
    /// <param name="cancellationToken">Gives up waiting; the script may run all the same.</param>
    /// <exception cref="RedisUnavailableException">Redis is out of reach.</exception>
    internal Task<IReadOnlyList<byte[]>> RunAsync(string script, IEnumerable<object> values, CancellationToken cancellationToken) =>
        redis.EvalBytesAsync(script, keys.Fixed, [Encoding.UTF8.GetBytes(keys.Log), .. values.Select(ToBytes)], cancellationToken);

    /// <summary>An item of a script's result as text.</summary>
    internal static string Text(byte[] item) => Encoding.UTF8.GetString(item);

    /// <summary>An item of a script's result as a number.</summary>
    internal static long Number(byte[] item) => long.Parse(item, NumberStyles.None, CultureInfo.InvariantCulture);

    private static byte[] ToBytes(object value) => value switch
    {
        byte[] bytes => bytes,
        string text => Encoding.UTF8.GetBytes(text),
        _ => Encoding.ASCII.GetBytes(Convert.ToString(value, CultureInfo.InvariantCulture)!),
    };
}
