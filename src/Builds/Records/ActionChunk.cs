using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Builds.Records;

/// <summary>
/// What became known of some actions at a time, as it lies in the database: a version, the texts that are used, then the actions, all of it as varints and bytes with their length.
/// A row for each action would cost more than all else that is done for a call.
/// </summary>
internal static class ActionChunk
{
    private const byte Version = 2;
    private const uint HasExecution = 1 << 8; // beside the flags: only then is there anything of an execution
    private const uint HasBytes = 1 << 9; // the same for what was carried
    private const int LongestAction = 256; // bytes, without its texts

    /// <summary>Encodes actions.</summary>
    public static byte[] Encode(ReadOnlySpan<ActionDelta> actions)
    {
        byte[] body = ArrayPool<byte>.Shared.Rent(32 + (actions.Length * LongestAction));
        try
        {
            var texts = new ChunkTexts();
            int length = WriteActions(body, actions, texts);
            return [Version, .. EncodeTexts(texts.All), .. body.AsSpan(0, length)];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    private static int WriteActions(byte[] body, ReadOnlySpan<ActionDelta> actions, ChunkTexts texts)
    {
        int length = 0;
        long start = actions.IsEmpty ? 0 : actions[0].First;
        Put(body, ref length, (ulong)start);
        Put(body, ref length, (ulong)actions.Length);
        foreach (ref readonly ActionDelta action in actions)
        {
            bool isExecuted = action.Ending.Length > 0, hasBytes = (action.BytesSent | action.BytesReceived) != 0;
            Put(body, ref length, (uint)action.Flags | (isExecuted ? HasExecution : 0) | (hasBytes ? HasBytes : 0));
            Put(body, ref length, (ulong)action.Digest.Function);
            Put(body, ref length, (ulong)action.Digest.HashSpan.Length);
            action.Digest.HashSpan.CopyTo(body.AsSpan(length));
            length += action.Digest.HashSpan.Length;
            Put(body, ref length, (ulong)(action.Digest.SizeBytes + 1)); // one whose size is not known has -1
            Put(body, ref length, ZigZag(action.First - start));
            Put(body, ref length, (ulong)Math.Max(0, action.Last - action.First));
            Put(body, ref length, texts.Mnemonic.IndexOf(action.Mnemonic));
            Put(body, ref length, texts.Target.IndexOf(action.Target));
            Put(body, ref length, texts.Configuration.IndexOf(action.Configuration));
            Put(body, ref length, texts.Worker.IndexOf(action.Worker));
            Put(body, ref length, (ulong)(action.Run + 1));
            if (isExecuted)
            {
                Put(body, ref length, texts.Ending.IndexOf(action.Ending));
                Put(body, ref length, ZigZag(action.ExitCode));
                Put(body, ref length, (ulong)(action.Queue + 1));
                Put(body, ref length, (ulong)(action.Fetch + 1));
                Put(body, ref length, (ulong)(action.Upload + 1));
            }

            if (!hasBytes)
                continue;
            Put(body, ref length, (ulong)action.BytesSent);
            Put(body, ref length, (ulong)action.BytesReceived);
        }

        return length;
    }

    /// <summary>Decodes actions of an instance; false for what is damaged, or was written by a later version.</summary>
    public static bool TryDecode(InstanceName instance, ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out List<ActionDelta>? actions)
    {
        actions = null;
        if (encoded is not [Version, .. var rest])
            return false;
        var fields = new FieldReader(rest);
        if (!TryReadTexts(ref fields, encoded.Length, out string[]? texts)
            || !fields.TryReadVarint(out ulong start) || start > long.MaxValue
            || !fields.TryReadVarint(out ulong count) || count > (ulong)encoded.Length)
            return false;
        var read = new List<ActionDelta>((int)count);
        for (ulong i = 0; i < count; i++)
        {
            if (!TryRead(ref fields, instance, (long)start, texts, out ActionDelta action))
                return false;
            read.Add(action);
        }

        actions = read;
        return fields.AtEnd;
    }

    private static bool TryRead(ref FieldReader fields, InstanceName instance, long start, string[] texts, out ActionDelta action)
    {
        action = default;
        (action.Ending, action.Queue, action.Fetch, action.Upload) = ("", -1, -1, -1);
        ulong exitCode = 0, sent = 0, received = 0;
        if (!fields.TryReadVarint(out ulong flags) || flags >= HasBytes * 2
            || !fields.TryReadVarint(out ulong function) || function > int.MaxValue || !((DigestFunction)function).IsSupported()
            || !fields.TryReadBytes(out ReadOnlySpan<byte> hash) || hash.Length != ((DigestFunction)function).HashLength()
            || !fields.TryReadVarint(out ulong size) || size > long.MaxValue
            || !fields.TryReadVarint(out ulong first) || !fields.TryReadVarint(out ulong length) || length > int.MaxValue
            || !TryReadText(ref fields, texts, out action.Mnemonic) || !TryReadText(ref fields, texts, out action.Target)
            || !TryReadText(ref fields, texts, out action.Configuration) || !TryReadText(ref fields, texts, out action.Worker)
            || !TryReadLength(ref fields, out action.Run))
            return false;
        if ((flags & HasExecution) != 0
            && (!TryReadText(ref fields, texts, out action.Ending) || !fields.TryReadVarint(out exitCode)
                || !TryReadLength(ref fields, out action.Queue) || !TryReadLength(ref fields, out action.Fetch) || !TryReadLength(ref fields, out action.Upload)))
            return false;
        if ((flags & HasBytes) != 0
            && (!fields.TryReadVarint(out sent) || sent > long.MaxValue || !fields.TryReadVarint(out received) || received > long.MaxValue))
            return false;
        action.Flags = (ActionFlags)(flags & byte.MaxValue);
        Digest digest = Digest.Create(instance, (DigestFunction)function, hash, size == 0 ? 0 : (long)size - 1);
        action.Digest = size == 0 ? digest.WithoutSize() : digest;
        action.First = start + FromZigZag(first);
        action.Last = action.First + (long)length;
        action.ExitCode = (int)FromZigZag(exitCode);
        action.BytesSent = (long)sent;
        action.BytesReceived = (long)received;
        return true;
    }

    private static bool TryReadTexts(ref FieldReader fields, int most, [NotNullWhen(true)] out string[]? texts)
    {
        texts = null;
        if (!fields.TryReadVarint(out ulong count) || count > (ulong)most)
            return false;
        var read = new string[count];
        for (int i = 0; i < read.Length; i++)
        {
            if (!fields.TryReadBytes(out ReadOnlySpan<byte> utf8))
                return false;
            read[i] = Encoding.UTF8.GetString(utf8);
        }

        texts = read;
        return true;
    }

    private static bool TryReadText(ref FieldReader fields, string[] texts, out string text)
    {
        bool isGood = fields.TryReadVarint(out ulong index) && index <= (ulong)texts.Length;
        text = isGood && index > 0 ? texts[index - 1] : "";
        return isGood;
    }

    private static bool TryReadLength(ref FieldReader fields, out long length)
    {
        bool isGood = fields.TryReadVarint(out ulong value) && value <= long.MaxValue;
        length = (long)value - 1;
        return isGood;
    }

    private static byte[] EncodeTexts(IReadOnlyCollection<string> texts)
    {
        byte[] encoded = new byte[16 + texts.Sum(text => 4 + Encoding.UTF8.GetMaxByteCount(text.Length))]; // to count them exactly is as much work as to encode them
        byte[] one = new byte[texts.Count == 0 ? 0 : Encoding.UTF8.GetMaxByteCount(texts.Max(text => text.Length))];
        int length = 0;
        Put(encoded, ref length, (ulong)texts.Count);
        foreach (string text in texts)
        {
            int bytes = Encoding.UTF8.GetBytes(text, one);
            Put(encoded, ref length, (ulong)bytes);
            one.AsSpan(0, bytes).CopyTo(encoded.AsSpan(length));
            length += bytes;
        }

        return encoded[..length];
    }

    private static void Put(byte[] destination, ref int length, ulong value) => length += Varint.Write(destination.AsSpan(length), value);

    private static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    private static long FromZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}
