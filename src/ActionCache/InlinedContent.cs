using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache;

/// <summary>Moves content between action results and the CAS.</summary>
public sealed class InlinedContent(IBlobStore cas)
{
    // Tag and length of the bytes field, and what the lengths of the messages round it may grow by.
    private const int OverheadBytes = 16;

    /// <summary>Stores inlined content in the CAS and leaves its digests in the result (AC-14). The result has to be valid.</summary>
    public async Task MoveToCasAsync(Reapi.ActionResult result, Digest action, CancellationToken cancellationToken)
    {
        foreach (Reapi.OutputFile file in result.OutputFiles)
        {
            file.Digest = await StoreAsync(file.Contents, file.Digest, action, cancellationToken);
            file.Contents = ByteString.Empty;
        }

        result.StdoutDigest = await StoreAsync(result.StdoutRaw, result.StdoutDigest, action, cancellationToken);
        result.StdoutRaw = ByteString.Empty;
        result.StderrDigest = await StoreAsync(result.StderrRaw, result.StderrDigest, action, cancellationToken);
        result.StderrRaw = ByteString.Empty;
    }

    /// <summary>
    /// Inlines what was asked for, as far as the encoded result stays within <paramref name="maxBytes"/> (AC-03) and the CAS has it. The
    /// digests stay (AC-04).
    /// </summary>
    public async Task AddAsync(Reapi.ActionResult result, Digest action, InlineRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        long room = maxBytes - result.CalculateSize();
        if (request.Stdout)
            result.StdoutRaw = await TryReadAsync(result.StdoutRaw, result.StdoutDigest);
        if (request.Stderr)
            result.StderrRaw = await TryReadAsync(result.StderrRaw, result.StderrDigest);
        if (request.OutputFiles.Count == 0)
            return;

        HashSet<string> wanted = new(request.OutputFiles, StringComparer.Ordinal);
        foreach (Reapi.OutputFile file in result.OutputFiles.Where(file => wanted.Contains(file.Path)))
            file.Contents = await TryReadAsync(file.Contents, file.Digest);

        async Task<ByteString> TryReadAsync(ByteString present, Reapi.Digest? digest)
        {
            if (!present.IsEmpty || !action.TryParseSibling(digest, out Digest parsed, out _) || parsed.SizeBytes + OverheadBytes > room)
                return present;
            byte[]? content = await cas.ReadAllAsync(parsed, maxBytes, cancellationToken);
            if (content is null)
                return present;
            room -= content.Length + OverheadBytes;
            return UnsafeByteOperations.UnsafeWrap(content);
        }
    }

    private async Task<Reapi.Digest?> StoreAsync(ByteString content, Reapi.Digest? digest, Digest action, CancellationToken cancellationToken) =>
        content.IsEmpty ? digest : (await cas.StoreAsync(action, content.Memory, cancellationToken)).ToProto();
}
