using RemoteExec.Cas.Compression;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Cas.Services;

/// <summary>Turns the values of requests into ours; what is wrong with one is told with INVALID_ARGUMENT.</summary>
public static class RequestArguments
{
    /// <summary>Reads an instance name (GEN-03, GEN-04).</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is no instance name.</exception>
    public static InstanceName Instance(string text) =>
        InstanceName.TryParse(text, out InstanceName instance, out string? error) ? instance : throw Invalid(error);

    /// <summary>Reads one digest (DIG-01, DIG-02, DIG-08, DIG-09, GEN-06).</summary>
    /// <param name="instance">The instance of the request.</param>
    /// <param name="function">The function of the request; UNKNOWN to infer it from the hash.</param>
    /// <param name="digest">The digest; null if the client left it out.</param>
    /// <param name="field">The field it stands in, for the message.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is missing or malformed.</exception>
    public static Digest Digest(InstanceName instance, Reapi.DigestFunction.Types.Value function, Reapi.Digest? digest, string field) =>
        Protocol.Digest.TryParse(instance, (DigestFunction)function, digest, out Digest result, out string? error)
            ? result
            : throw Invalid($"{field}: {error}");

    /// <summary>
    /// The one function of all digests of a request (DIG-10): the one it states, else the one that the hashes' lengths tell; unknown if
    /// no hash has a length that tells any.
    /// </summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is not supported (DIG-09), or the lengths tell different ones.</exception>
    public static DigestFunction CommonFunction(Reapi.DigestFunction.Types.Value stated, IEnumerable<Reapi.Digest?> digests)
    {
        var common = (DigestFunction)stated;
        if (common != DigestFunction.Unknown)
            return common.IsSupported() ? common : throw Invalid($"digest function {stated} is not supported; supported: {SupportedNames}");

        foreach (Reapi.Digest? digest in digests)
        {
            DigestFunction function = digest is null ? DigestFunction.Unknown : DigestFunctions.Infer(digest.Hash.Length);
            if (common == DigestFunction.Unknown)
                common = function;
            else if (function != DigestFunction.Unknown && function != common)
                throw Invalid($"the request mixes hashes of {common.Name()} and {function.Name()}: all digests of one request use one function");
        }

        return common;
    }

    /// <summary>The error that tells a client what is wrong with its request.</summary>
    public static RpcException Invalid(string message) => new(StatusCode.InvalidArgument, message);

    private static string SupportedNames => string.Join(", ", DigestFunctions.Supported.Select(function => function.Name()));

    /// <summary>Refuses a compressor that is not offered.</summary>
    /// <param name="compressor">The compressor.</param>
    /// <param name="alsoAllowed">One that is allowed besides the supported ones.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT (RES-07, CAS-10).</exception>
    public static void CheckCompressor(Compressor compressor, Compressor alsoAllowed)
    {
        if (compressor != alsoAllowed && !BlobCompression.Supported.Contains(compressor))
            throw Invalid($"compressor {compressor} is not supported here: use one of {string.Join(", ", BlobCompression.Supported.Select(ResourceName.NameOf))}, or none");
    }
}
