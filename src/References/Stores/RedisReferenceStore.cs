using System.Globalization;
using System.Text;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Redis;

namespace RemoteExec.References.Stores;

/// <summary>
/// References in Redis, of all servers that use it: for each instance a hash of records and a sorted set of names, and a set of the instances. It must be a Redis that keeps what it has: one that evicts
/// loses references. docs/redis.md tells the keys.
/// </summary>
/// <param name="redis">The way to Redis; the caller closes it.</param>
/// <param name="keyPrefix">What all keys begin with.</param>
public sealed class RedisReferenceStore(RedisConnection redis, string keyPrefix) : IReferenceStore
{
    // A record is its version, a space, and the message. All scripts answer a table of strings.
    private const string Find = """
        local value = redis.call('hget', KEYS[1], ARGV[1])
        if value then return { value } else return {} end
        """;

    private const string List = """
        local names = redis.call('zrangebylex', KEYS[2], ARGV[1], ARGV[2], 'LIMIT', 0, tonumber(ARGV[3]))
        if #names == 0 then return {} end
        return redis.call('hmget', KEYS[1], unpack(names))
        """;

    private const string Replace = """
        local value = redis.call('hget', KEYS[1], ARGV[1])
        local version = value and string.match(value, '^(%d+) ') or '0'
        if version ~= ARGV[2] then return { '0' } end
        redis.call('hset', KEYS[1], ARGV[1], ARGV[3])
        redis.call('zadd', KEYS[2], 0, ARGV[1])
        redis.call('sadd', KEYS[3], ARGV[4])
        return { '1' }
        """;

    private const string Remove = """
        local value = redis.call('hget', KEYS[1], ARGV[1])
        if not value or string.match(value, '^(%d+) ') ~= ARGV[2] then return { '0' } end
        redis.call('hdel', KEYS[1], ARGV[1])
        redis.call('zrem', KEYS[2], ARGV[1])
        return { '1' }
        """;

    private const string Instances = "return redis.call('smembers', KEYS[1])";

    /// <inheritdoc/>
    public async Task<ReferenceRecord?> FindAsync(InstanceName instance, ReferenceName name, CancellationToken cancellationToken) =>
        (await RunAsync(Find, instance, [Bytes(name.Value)], cancellationToken)) is [byte[] value] ? Decode(instance, value) : null;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ReferenceRecord>> ListAsync(InstanceName instance, string prefix, string after, int count, CancellationToken cancellationToken)
    {
        string from = string.CompareOrdinal(after, prefix) >= 0 && after.Length > 0 ? "(" + after : "[" + prefix;
        byte[] to = prefix.Length == 0 ? Bytes("+") : [.. Bytes("(" + prefix), 0xff]; // names are of ASCII
        IReadOnlyList<byte[]> values = await RunAsync(List, instance, [Bytes(from), to, Number(count)], cancellationToken);
        return [.. values.Select(value => Decode(instance, value))];
    }

    /// <inheritdoc/>
    public async Task<bool> ReplaceAsync(InstanceName instance, ReferenceRecord record, long expectedVersion, CancellationToken cancellationToken) =>
        IsDone(await RunAsync(
            Replace, instance, [Bytes(record.Name.Value), Number(expectedVersion), [.. Number(record.Version), (byte)' ', .. ReferenceCodec.Encode(record)], Bytes(instance.Value)], cancellationToken));

    /// <inheritdoc/>
    public async Task<bool> RemoveAsync(InstanceName instance, ReferenceName name, long expectedVersion, CancellationToken cancellationToken) =>
        IsDone(await RunAsync(Remove, instance, [Bytes(name.Value), Number(expectedVersion)], cancellationToken));

    /// <inheritdoc/>
    public async Task<IReadOnlyList<InstanceName>> InstancesAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<byte[]> names = await TryAsync(() => redis.EvalBytesAsync(Instances, [InstancesKey], [], cancellationToken));
        return [.. names.Select(name => InstanceName.Parse(Encoding.UTF8.GetString(name)))];
    }

    // One hash tag: in a cluster, a script's keys have to be on one node.
    private string InstancesKey => $"{keyPrefix}{{references}}:instances";

    private Task<IReadOnlyList<byte[]>> RunAsync(string script, InstanceName instance, IReadOnlyList<byte[]> values, CancellationToken cancellationToken) => TryAsync(() => redis.EvalBytesAsync(
        script, [$"{keyPrefix}{{references}}:of:{instance}", $"{keyPrefix}{{references}}:names:{instance}", InstancesKey], values, cancellationToken));

    private static async Task<IReadOnlyList<byte[]>> TryAsync(Func<Task<IReadOnlyList<byte[]>>> work)
    {
        try
        {
            return await work();
        }
        catch (RedisUnavailableException exception)
        {
            throw new StoreUnavailableException("references", exception);
        }
    }

    private static ReferenceRecord Decode(InstanceName instance, byte[] value)
    {
        try
        {
            return ReferenceCodec.Decode(instance, value[(Array.IndexOf(value, (byte)' ') + 1)..]);
        }
        catch (InvalidDataException exception)
        {
            throw new StoreUnavailableException("references", exception);
        }
    }

    private static bool IsDone(IReadOnlyList<byte[]> answer) => answer is [[(byte)'1']];

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Number(long number) => Bytes(number.ToString(CultureInfo.InvariantCulture));
}
