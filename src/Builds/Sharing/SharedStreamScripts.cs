namespace RemoteExec.Builds.Sharing;

/// <summary>What is done with a stream, each in one step. Keys: the stream; a hash with <c>generation</c>, and <c>bytes</c>, how many were ever appended.</summary>
internal static class SharedStreamScripts
{
    /// <summary>
    /// Appends entries, and trims to a length in bytes and an age. Values: the generation that the writer knows, the id of what he appended last or nothing, a name for the next generation, bytes,
    /// milliseconds, his origin, then sequence and payload of each. Result: the generation, and the id of the last one; no id if the generation is another one than the writer knows: then nothing
    /// was appended, and he has to append again all that he still has. A generation begins where there is no stream, or where it lacks what he has appended.
    /// </summary>
    public const string Append = """
        local function parts(id)
          local time, number = string.match(id, '^(%d+)-(%d+)$')
          return tonumber(time), tonumber(number)
        end
        local function isBefore(left, right)
          local time, number = parts(left)
          local otherTime, otherNumber = parts(right)
          return time < otherTime or (time == otherTime and number < otherNumber)
        end
        local generation = redis.call('hget', KEYS[2], 'generation')
        local first = redis.call('xrange', KEYS[1], '-', '+', 'COUNT', 1)[1]
        local isWhole = generation and first
        if isWhole and ARGV[1] == generation and ARGV[2] ~= '' and isBefore(first[1], ARGV[2]) then
          isWhole = #redis.call('xrange', KEYS[1], ARGV[2], ARGV[2]) == 1
        end
        if not isWhole then
          generation = ARGV[3]
          local last = redis.call('xrevrange', KEYS[1], '+', '-', 'COUNT', 1)[1]
          local bytes = string.format('%d', last and tonumber(last[2][#last[2]]) or 0)
          redis.call('hset', KEYS[2], 'generation', generation, 'bytes', bytes)
          redis.call('xadd', KEYS[1], '*', 'generation', generation, 'bytes', bytes)
        end
        if generation ~= ARGV[1] then return { generation, '' } end

        local id = ''
        for i = 7, #ARGV, 2 do
          local bytes = redis.call('hincrby', KEYS[2], 'bytes', #ARGV[i + 1])
          id = redis.call('xadd', KEYS[1], '*', 'origin', ARGV[6], 'sequence', ARGV[i], 'payload', ARGV[i + 1], 'bytes', string.format('%d', bytes))
        end

        local now = redis.call('time')
        redis.call('xtrim', KEYS[1], 'MINID', string.format('%d', now[1] * 1000 - tonumber(ARGV[5])))
        local total = tonumber(redis.call('hget', KEYS[2], 'bytes') or '0')
        local length = redis.call('xlen', KEYS[1])
        while length > 16 do
          local fields = redis.call('xrange', KEYS[1], '-', '+', 'COUNT', 1)[1][2]
          local before = tonumber(fields[#fields]) -- none if it is not ours
          if before and total - before < tonumber(ARGV[4]) then break end
          length = length - redis.call('xtrim', KEYS[1], 'MAXLEN', before and length - math.ceil(length / 16) or length - 1)
        end
        return { generation, id }
        """;

    /// <summary>
    /// Reads on. Values: the generation that the reader knows, the id that he has read last, how many bytes he takes at a time, his origin. Result: the generation, or nothing if there is no stream; the id
    /// up to which was read; 1 if there is more; then origin, sequence and payload of each entry, which his own come without.
    /// </summary>
    public const string Read = """
        local generation = redis.call('hget', KEYS[2], 'generation') or ''
        local at = generation == ARGV[1] and ARGV[2] ~= '' and ARGV[2] or '0-0'
        local reply = { generation, at, '0' }
        local taken = 0
        while true do
          local streams = redis.call('xread', 'COUNT', 16, 'STREAMS', KEYS[1], at)
          if not streams then break end
          if taken >= tonumber(ARGV[3]) then
            reply[3] = '1'
            break
          end
          for _, entry in ipairs(streams[1][2]) do
            at = entry[1]
            local fields = entry[2]
            if #fields == 8 then
              local payload = fields[2] == ARGV[4] and '' or fields[6]
              taken = taken + #payload + 64
              reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = fields[2], fields[4], payload
            end
          end
        end
        reply[2] = at
        return reply
        """;
}
