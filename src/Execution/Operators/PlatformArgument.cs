using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Operators;

/// <summary>A platform property as people write it: <c>name=value</c>.</summary>
public static class PlatformArgument
{
    /// <summary>Parses one.</summary>
    /// <exception cref="OperatorRequestException">It is none.</exception>
    public static Property Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new Property { Name = text[..equals], Value = text[(equals + 1)..] }
            : throw new OperatorRequestException($"'{text}' is no platform property: write name=value, or name= for platforms without it");
    }
}
