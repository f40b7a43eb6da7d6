using RemoteExec.Protocol.Wire;

namespace RemoteExec.Builds.Calls;

/// <summary>The fields of a <c>RequestMetadata</c> message, in UTF-8, where they stand in it; empty where it has none. One that is damaged is read as far as it is good.</summary>
internal readonly ref struct MetadataFields
{
    private const ulong LengthDelimited = 2; // the wire type of messages, strings and bytes

    /// <summary>Reads a message.</summary>
    public MetadataFields(ReadOnlySpan<byte> message)
    {
        var fields = new FieldReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || (tag & 7) != LengthDelimited || !fields.TryReadBytes(out ReadOnlySpan<byte> value))
                return;
            switch (tag >> 3)
            {
                case 1:
                    ReadTool(value, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> version);
                    Tool = name;
                    ToolVersion = version;
                    break;
                case 2:
                    ActionId = value;
                    break;
                case 3:
                    Invocation = value;
                    break;
                case 4:
                    Correlated = value;
                    break;
                case 5:
                    Mnemonic = value;
                    break;
                case 6:
                    Target = value;
                    break;
                case 7:
                    Configuration = value;
                    break;
            }
        }
    }

    /// <summary><c>tool_details.tool_name</c>.</summary>
    public ReadOnlySpan<byte> Tool { get; }

    /// <summary><c>tool_details.tool_version</c>.</summary>
    public ReadOnlySpan<byte> ToolVersion { get; }

    /// <summary><c>action_id</c>.</summary>
    public ReadOnlySpan<byte> ActionId { get; }

    /// <summary><c>tool_invocation_id</c>.</summary>
    public ReadOnlySpan<byte> Invocation { get; }

    /// <summary><c>correlated_invocations_id</c>.</summary>
    public ReadOnlySpan<byte> Correlated { get; }

    /// <summary><c>action_mnemonic</c>.</summary>
    public ReadOnlySpan<byte> Mnemonic { get; }

    /// <summary><c>target_id</c>.</summary>
    public ReadOnlySpan<byte> Target { get; }

    /// <summary><c>configuration_id</c>.</summary>
    public ReadOnlySpan<byte> Configuration { get; }

    private static void ReadTool(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> version)
    {
        name = version = default;
        var fields = new FieldReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || (tag & 7) != LengthDelimited || !fields.TryReadBytes(out ReadOnlySpan<byte> value))
                return;
            if (tag >> 3 == 1)
                name = value;
            else if (tag >> 3 == 2)
                version = value;
        }
    }
}
