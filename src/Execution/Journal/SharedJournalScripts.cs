namespace RemoteExec.Execution.Journal;

/// <summary>
/// What schedulers that share a Redis have it do, each in one step. Keys are those of <see cref="SharedJournalKeys.Fixed"/>; the logs', which are in the same slot, are made of what the
/// first value says. The second value of whoever writes is his epoch: the highest epoch that anybody has counts, also if Redis came back without it.
/// </summary>
internal static class SharedJournalScripts
{
    /// <summary>Takes the lease if nobody has it. Values: log, least epoch before, addresses, milliseconds. Result: the new epoch, or 0.</summary>
    public const string Acquire = """
        if redis.call('exists', KEYS[2]) == 1 then return { '0' } end
        local epoch = string.format('%d', math.max(tonumber(redis.call('hget', KEYS[1], 'epoch') or '0'), tonumber(ARGV[2])) + 1)
        redis.call('hset', KEYS[1], 'epoch', epoch)
        redis.call('set', KEYS[2], epoch .. ' ' .. ARGV[3], 'px', ARGV[4])
        return { epoch }
        """;

    /// <summary>Keeps the lease, or takes it back if it ran out and nobody else took it. Values: log, epoch, addresses, milliseconds. Result: kept or lost.</summary>
    public const string Renew = """
        local epoch = tonumber(redis.call('hget', KEYS[1], 'epoch') or '0')
        if epoch > tonumber(ARGV[2]) then return { 'lost' } end
        if epoch < tonumber(ARGV[2]) then redis.call('hset', KEYS[1], 'epoch', ARGV[2]) end
        redis.call('set', KEYS[2], ARGV[2] .. ' ' .. ARGV[3], 'px', ARGV[4])
        return { 'kept' }
        """;

    /// <summary>Gives the lease up. Values: log, epoch.</summary>
    public const string Release = """
        local epoch = string.match(redis.call('get', KEYS[2]) or '', '^%d+')
        if epoch == ARGV[2] then redis.call('del', KEYS[2]) end
        return {}
        """;

    /// <summary>
    /// Appends a batch. Values: log, epoch, generation, how many batches there are, the batch. Result: done; lost if there is a newer epoch; behind if what is there is not what the writer has
    /// written. Safe to repeat when an answer got lost.
    /// </summary>
    public const string Append = Begin + """
        if not intact or epoch < tonumber(ARGV[2]) or generation ~= ARGV[3] then return { 'behind' } end
        local before = tonumber(ARGV[4])
        if length == before + 1 then return { 'done' } end
        if length ~= before then return { 'behind' } end
        redis.call('rpush', ARGV[1] .. generation, ARGV[5])
        redis.call('hset', KEYS[1], 'length', string.format('%d', before + 1))
        return { 'done' }
        """;

    /// <summary>
    /// Adds a piece to a generation that is being made, which goes if it is not finished. Values: log, epoch, the new generation, how many pieces there are, the piece, milliseconds. Result: done; lost;
    /// again if the pieces before are gone. Safe to repeat.
    /// </summary>
    public const string Stage = Begin + """
        local key, before = ARGV[1] .. ARGV[3], tonumber(ARGV[4])
        if before == 0 then redis.call('del', key) end
        local staged = redis.call('llen', key)
        if staged ~= before and staged ~= before + 1 then return { 'again' } end
        if staged == before then redis.call('rpush', key, ARGV[5]) end
        redis.call('pexpire', key, ARGV[6])
        return { 'done' }
        """;

    /// <summary>
    /// Makes a generation the one that counts. Values: log, epoch, the new generation, how many pieces it has, how many bytes. Result: done; lost; again if pieces are missing. Safe to repeat.
    /// </summary>
    public const string Switch = Begin + """
        if intact and generation == ARGV[3] then return { 'done' } end
        local key = ARGV[1] .. ARGV[3]
        if redis.call('llen', key) ~= tonumber(ARGV[4]) then return { 'again' } end
        redis.call('persist', key)
        if generation then redis.call('unlink', ARGV[1] .. generation) end
        redis.call('hset', KEYS[1], 'epoch', ARGV[2], 'generation', ARGV[3], 'length', ARGV[4], 'snapshot', ARGV[5])
        return { 'done' }
        """;

    /// <summary>
    /// Looks at everything. Values: log, the generation that the reader follows, how many of its batches he has, how many bytes he takes at a time. Result: epoch, lease or nothing, generation or nothing,
    /// 1 if its log is whole, its length, bytes of its snapshot, number of the first batch that follows here, batches.
    /// </summary>
    public const string Read = """
        local state = redis.call('hmget', KEYS[1], 'epoch', 'generation', 'length', 'snapshot')
        local generation = state[2] or ''
        local reply = { state[1] or '0', redis.call('get', KEYS[2]) or '', generation, '0', '0', state[4] or '0', '0' }
        if generation == '' then return reply end
        local key = ARGV[1] .. generation
        local length = redis.call('llen', key)
        if length ~= tonumber(state[3]) then return reply end
        local at = generation == ARGV[2] and math.min(tonumber(ARGV[3]), length) or 0
        reply[4], reply[5], reply[7] = '1', string.format('%d', length), string.format('%d', at)
        local taken = 0
        while at < length and taken < tonumber(ARGV[4]) do
          for _, batch in ipairs(redis.call('lrange', key, at, at + 15)) do
            reply[#reply + 1] = batch
            taken = taken + #batch
            at = at + 1
          end
        end
        return reply
        """;

    /// <summary>Looks who is active. Values: log. Result: epoch, lease or nothing.</summary>
    public const string Look = "return { redis.call('hget', KEYS[1], 'epoch') or '0', redis.call('get', KEYS[2]) or '' }";

    private const string Begin = """
        local state = redis.call('hmget', KEYS[1], 'epoch', 'generation', 'length')
        local epoch, generation = tonumber(state[1] or '0'), state[2]
        if epoch > tonumber(ARGV[2]) then return { 'lost' } end
        local length = generation and redis.call('llen', ARGV[1] .. generation)
        local intact = generation and length == tonumber(state[3])

        """;
}
