using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.ActionCache.Services;

/// <summary>A request of GetActionResult.</summary>
/// <param name="Action">The action whose result is asked for.</param>
/// <param name="Inline">What is to be in the answer.</param>
internal readonly record struct ActionResultQuery(Digest Action, InlineRequest Inline)
{
    private const uint InstanceTag = (1 << 3) | 2;
    private const uint ActionTag = (2 << 3) | 2;
    private const uint StdoutTag = (3 << 3) | 0;
    private const uint StderrTag = (4 << 3) | 0;
    private const uint FunctionTag = (6 << 3) | 0;

    /// <summary>Reads a request.</summary>
    /// <exception cref="Rpc.RpcException">INVALID_ARGUMENT: one of its values is wrong.</exception>
    public static ActionResultQuery Parse(ReadOnlySpan<byte> message) =>
        TryRead(message, out ActionResultQuery query) ? query : Parse(Reapi.GetActionResultRequest.Parser.ParseFrom(message));

    private static ActionResultQuery Parse(Reapi.GetActionResultRequest request) => new(
        RequestArguments.Digest(RequestArguments.Instance(request.InstanceName), request.DigestFunction, request.ActionDigest, "action_digest"),
        new InlineRequest(request.InlineStdout, request.InlineStderr, request.InlineOutputFiles));

    /// <summary>Reads a request that is good and names no output files; false for any other.</summary>
    private static bool TryRead(ReadOnlySpan<byte> message, out ActionResultQuery query)
    {
        query = default;
        ReadOnlySpan<byte> instanceName = default, digest = default;
        ulong stdout = 0, stderr = 0, function = 0;
        var fields = new FieldReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || !(tag switch
            {
                InstanceTag => fields.TryReadBytes(out instanceName),
                ActionTag => digest.IsEmpty && fields.TryReadBytes(out digest),
                StdoutTag => fields.TryReadVarint(out stdout),
                StderrTag => fields.TryReadVarint(out stderr),
                FunctionTag => fields.TryReadVarint(out function),
                _ => false,
            }))
                return false;
        }

        if (!InstanceName.TryParse(instanceName, out InstanceName instance)
            || !DigestMessage.TryRead(digest, instance, (DigestFunction)function, out Digest action))
            return false;
        InlineRequest inline = (stdout, stderr) switch
        {
            (0, 0) => InlineRequest.Nothing,
            (not 0, not 0) => InlineRequest.Output,
            _ => new InlineRequest(stdout != 0, stderr != 0, []),
        };
        query = new ActionResultQuery(action, inline);
        return true;
    }
}
