namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// What a <see cref="PackLog"/> has Redis do, each in one step. The keys, in this order:
/// <code>
/// state   hash    epoch: random; seq: the last number given; floor: up to where the log was cut; n:NODE: RUN:BEAT:ACK for each node
/// log     sorted  +PACK or -PACK by number, and =EPOCH as number 0
/// uses    hash    PACK: the hour of its last use
/// lease   string  the run that collects garbage
/// </code>
/// RUN is random for each start of a node, BEAT grows with each visit, up to ACK it has done what the log says.
/// </summary>
internal static class PackLogScripts
{
    /// <summary>Comes and takes what is new. Values: an epoch to begin with, node, run, epoch, beat that was answered last, beat, cursor, ack, most entries, announcements. Result: 1 if the node is known, epoch, floor, entries with their numbers.</summary>
    public const string Visit = Begin + """
        local field = 'n:' .. ARGV[2]
        local run, beat = string.match(redis.call('hget', state, field) or '', '^(%x+):(%d+):')
        local known = epoch == ARGV[4] and run == ARGV[3] and tonumber(beat) >= tonumber(ARGV[5])
        local cursor, ack = ARGV[7], ARGV[8]
        if not known then cursor, ack = '0', '0' end
        redis.call('hset', state, field, ARGV[3] .. ':' .. ARGV[6] .. ':' .. ack)
        for i = 10, #ARGV do
          local sign, name = string.sub(ARGV[i], 1, 1), string.sub(ARGV[i], 2)
          if not redis.call('zscore', log, '-' .. name) then
            if sign == '-' then redis.call('zrem', log, '+' .. name) end
            if sign == '-' or not redis.call('zscore', log, ARGV[i]) then
              redis.call('zadd', log, redis.call('hincrby', state, 'seq', 1), ARGV[i])
            end
          end
        end
        local reply = { known and '1' or '0', epoch, redis.call('hget', state, 'floor') }
        for _, item in ipairs(redis.call('zrangebyscore', log, '(' .. cursor, '+inf', 'withscores', 'limit', 0, ARGV[9])) do
          reply[#reply + 1] = item
        end
        return reply
        """;

    /// <summary>Takes or keeps the lease. Values: an epoch to begin with, run, milliseconds. Result: 1 if that run has it.</summary>
    public const string Lead = """
        local holder = redis.call('get', KEYS[4])
        if holder and holder ~= ARGV[2] then return { '0' } end
        redis.call('set', KEYS[4], ARGV[2], 'px', ARGV[3])
        return { '1' }
        """;

    /// <summary>Gives the lease up. Values: an epoch to begin with, run.</summary>
    public const string Resign = """
        if redis.call('get', KEYS[4]) == ARGV[2] then redis.call('del', KEYS[4]) end
        return {}
        """;

    /// <summary>
    /// Says which packs no node relies on any more. Values: an epoch to begin with, node, run, epoch, up to where the log may be cut, how many nodes are gone, these with what is known of them, packs. Result: those of the packs.
    /// </summary>
    public const string Release = Begin + """
        if epoch ~= ARGV[4] or redis.call('get', KEYS[4]) ~= ARGV[3] or not redis.call('hget', state, 'n:' .. ARGV[2]) then return {} end
        local at = 7
        for _ = 1, tonumber(ARGV[6]) do
          if redis.call('hget', state, ARGV[at]) == ARGV[at + 1] then redis.call('hdel', state, ARGV[at]) end
          at = at + 2
        end
        local least, all = math.huge, redis.call('hgetall', state)
        for i = 1, #all, 2 do
          if string.sub(all[i], 1, 2) == 'n:' then least = math.min(least, tonumber(string.match(all[i + 1], ':(%d+)$'))) end
        end
        local cut = math.min(least, tonumber(ARGV[5]))
        if cut > tonumber(redis.call('hget', state, 'floor')) then
          redis.call('zremrangebyscore', log, 1, cut)
          redis.call('hset', state, 'floor', string.format('%d', cut))
        end
        local reply = {}
        for i = at, #ARGV do
          local number = redis.call('zscore', log, '-' .. ARGV[i])
          if number and tonumber(number) <= least then reply[#reply + 1] = ARGV[i] end
        end
        return reply
        """;

    /// <summary>The nodes, and what is known of each. Values: an epoch to begin with.</summary>
    public const string Nodes = Begin + """
        local reply, all = {}, redis.call('hgetall', state)
        for i = 1, #all, 2 do
          if string.sub(all[i], 1, 2) == 'n:' then
            reply[#reply + 1] = all[i]
            reply[#reply + 1] = all[i + 1]
          end
        end
        return reply
        """;

    /// <summary>Notes uses. Values: an epoch to begin with, packs with the hours.</summary>
    public const string Use = """
        for i = 2, #ARGV, 2 do
          if tonumber(redis.call('hget', KEYS[3], ARGV[i]) or '0') < tonumber(ARGV[i + 1]) then redis.call('hset', KEYS[3], ARGV[i], ARGV[i + 1]) end
        end
        return {}
        """;

    /// <summary>The uses.</summary>
    public const string Uses = "return redis.call('hgetall', KEYS[3])";

    /// <summary>Forgets uses. Values: an epoch to begin with, packs.</summary>
    public const string ForgetUses = """
        for i = 2, #ARGV do redis.call('hdel', KEYS[3], ARGV[i]) end
        return {}
        """;

    // Without the mark of its epoch something of it is lost: then all of it is.
    private const string Begin = """
        local state, log = KEYS[1], KEYS[2]
        local epoch = redis.call('hget', state, 'epoch')
        if not epoch or not redis.call('zscore', log, '=' .. epoch) then
          redis.call('del', state, log)
          epoch = ARGV[1]
          redis.call('hset', state, 'epoch', epoch, 'seq', '0', 'floor', '0')
          redis.call('zadd', log, 0, '=' .. epoch)
        end

        """;
}
