using System.Globalization;
using RemoteExec.Protocol;

namespace RemoteExec.Server.Cli;

/// <summary>How a digest is written on a command line: <c>[function:]hash/size</c>.</summary>
internal static class DigestArgument
{
    /// <summary>Reads one; null if it is none.</summary>
    public static Digest? Parse(InstanceName instance, string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal), slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !long.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long size))
            return null;
        DigestFunction function = colon < 0 ? DigestFunction.Unknown : DigestFunctions.FromName(text.AsSpan(0, colon));
        if (colon >= 0 && function == DigestFunction.Unknown)
            return null;
        return Digest.TryParse(instance, function, text.AsSpan((colon + 1)..slash), size, out Digest digest, out _) ? digest : null;
    }

    /// <summary>Reads the name of an instance.</summary>
    /// <exception cref="UsageException">It can't be one.</exception>
    public static InstanceName Instance(string text) =>
        InstanceName.TryParse(text, out InstanceName name, out string? error) ? name : throw new UsageException($"--instance: {error}");

    /// <summary>Reads the name of a digest function.</summary>
    /// <exception cref="UsageException">There is none of that name.</exception>
    public static DigestFunction Function(string name) => DigestFunctions.FromName(name) is var function && function.IsSupported()
        ? function
        : throw new UsageException($"--digest-function: '{name}' is none of {string.Join(", ", DigestFunctions.Supported.Select(known => known.Name()))}");
}
