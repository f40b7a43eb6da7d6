using RemoteExec.Protocol.Wire;

namespace RemoteExec.Server.Telemetry;

/// <summary>Who uses the cache, as metrics tell it, taken out of encoded RequestMetadata without making objects.</summary>
/// <param name="tool">The client.</param>
/// <param name="mnemonic">The kind of action.</param>
internal readonly ref struct CacheClient(ReadOnlySpan<byte> tool, ReadOnlySpan<byte> mnemonic)
{
    private const ulong ToolDetailsTag = (1 << 3) | 2;
    private const ulong ToolNameTag = (1 << 3) | 2;
    private const ulong MnemonicTag = (5 << 3) | 2;

    /// <summary>The name of the client, in UTF-8; empty if that is not known.</summary>
    public ReadOnlySpan<byte> Tool { get; } = tool;

    /// <summary>The kind of action, in UTF-8; empty if that is not known.</summary>
    public ReadOnlySpan<byte> Mnemonic { get; } = mnemonic;

    /// <summary>Reads as much of a message as makes sense.</summary>
    public static CacheClient Parse(ReadOnlySpan<byte> metadata)
    {
        ReadOnlySpan<byte> tool = default, mnemonic = default;
        var fields = new FieldReader(metadata);
        while (fields.TryReadVarint(out ulong tag) && (tag & 7) == 2 && fields.TryReadBytes(out ReadOnlySpan<byte> value)) // all that are known have a length
        {
            if (tag == ToolDetailsTag)
                tool = NameIn(value);
            else if (tag == MnemonicTag)
                mnemonic = value;
        }

        return new CacheClient(tool, mnemonic);
    }

    private static ReadOnlySpan<byte> NameIn(ReadOnlySpan<byte> details)
    {
        ReadOnlySpan<byte> name = default;
        var fields = new FieldReader(details);
        while (fields.TryReadVarint(out ulong tag) && (tag & 7) == 2 && fields.TryReadBytes(out ReadOnlySpan<byte> value))
        {
            if (tag == ToolNameTag)
                name = value;
        }

        return name;
    }
}
