using System.Collections.Concurrent;
using System.Globalization;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Replay;

/// <summary>Compares parts of a result with what is on this machine: by digest and, where those differ, for the first byte that does.</summary>
/// <param name="action">The action's digest.</param>
/// <param name="cas">Where the recorded content is.</param>
internal sealed class ResultComparer(Digest action, IBlobStore cas)
{
    private const int ParallelReads = 8;
    private const int BufferBytes = 64 * 1024;

    /// <summary>Compares standard output or error.</summary>
    public async Task<ComparedPart> CompareLogAsync(PartKind kind, Reapi.Digest? recorded, ByteString raw, ResultNode? now, CancellationToken cancellationToken)
    {
        ResultNode? before = null;
        if (raw.Length > 0 && recorded is null)
            before = new ResultNode(FileKind.File) { Digest = action.SiblingOf(raw.Span), Raw = raw };
        else if (action.TryParseSibling(recorded, out Digest digest, out _) && !digest.IsEmptyBlob)
            before = new ResultNode(FileKind.File) { Digest = digest };
        if (before is null && now is null)
            return new ComparedPart(kind, "", PartVerdict.Same);
        return await CompareAsync(kind, "", before, now, cancellationToken);
    }

    /// <summary>Compares outputs, in the order of their paths.</summary>
    public async Task<IReadOnlyList<ComparedPart>> CompareOutputsAsync(
        IReadOnlyDictionary<string, ResultNode> recorded, IReadOnlyDictionary<string, ResultNode> now, CancellationToken cancellationToken)
    {
        // What is in a directory that only the path is known of has nothing to be compared with.
        string[] unknown = [.. recorded.Where(entry => entry.Value.IsUnknown).Select(entry => entry.Key)];
        IEnumerable<string> paths = recorded.Keys.Union(now.Keys).Where(path => !unknown.Any(outer => path.Length > outer.Length && path.StartsWith($"{outer}/", StringComparison.Ordinal)));
        var parts = new ConcurrentBag<ComparedPart>();
        await Parallel.ForEachAsync(
            paths,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = cancellationToken },
            async (path, cancellation) => parts.Add(await CompareAsync(PartKind.Output, path, recorded.GetValueOrDefault(path), now.GetValueOrDefault(path), cancellation)));
        return [.. parts.OrderBy(part => part.Path, StringComparer.Ordinal)];
    }

    private async Task<ComparedPart> CompareAsync(PartKind kind, string path, ResultNode? before, ResultNode? now, CancellationToken cancellationToken)
    {
        ComparedPart Part(PartVerdict verdict, string? what = null) => new(kind, path, verdict) { What = what, Recorded = before?.Digest, Replayed = now?.Digest };
        if (before is null || now is null)
            return Part(before is null ? PartVerdict.New : PartVerdict.Missing);
        if (before.Kind != now.Kind)
            return Part(PartVerdict.Differs, $"{before.Word} is recorded, {now.Word} was made here");
        if (before.IsUnknown)
            return Part(PartVerdict.Differs, "the server has the recorded directory no more: nothing in it can be compared");
        if (before.Target != now.Target)
            return Part(PartVerdict.Differs, $"a symlink to '{before.Target}' is recorded, here it leads to '{now.Target}'");
        if (before.Digest != now.Digest)
            return await CompareContentAsync(Part(PartVerdict.Differs), before.Raw, now.Place!, cancellationToken);
        if (before.IsExecutable != now.IsExecutable && kind == PartKind.Output && before.Kind == FileKind.File)
            return Part(PartVerdict.Differs, $"only the {(before.IsExecutable ? "recorded" : "new")} file can be executed");
        return Part(PartVerdict.Same);
    }

    private async Task<ComparedPart> CompareContentAsync(ComparedPart part, ByteString? raw, string place, CancellationToken cancellationToken)
    {
        string sizes = string.Create(CultureInfo.InvariantCulture, $"{part.Recorded!.Value.SizeBytes} bytes are recorded, {part.Replayed!.Value.SizeBytes} were made here");
        using SafeFileHandle file = File.OpenHandle(place);
        if (raw is not null)
        {
            using var content = new MemoryStream(raw.ToByteArray());
            return part with { What = sizes, FirstOffset = await FirstDifferenceAsync(content.ReadAsync, file, cancellationToken) };
        }

        await using BlobReader? recorded = await cas.OpenReadAsync(part.Recorded.Value, 0, cancellationToken);
        if (recorded is null)
            return part with { What = $"{sizes}; the server has the recorded ones no more" };
        return part with { What = sizes, FirstOffset = await FirstDifferenceAsync(recorded.ReadAsync, file, cancellationToken) };
    }

    private static async Task<long> FirstDifferenceAsync(Func<Memory<byte>, CancellationToken, ValueTask<int>> readRecorded, SafeFileHandle file, CancellationToken cancellationToken)
    {
        byte[] theirs = new byte[BufferBytes], ours = new byte[BufferBytes];
        for (long position = 0; ;)
        {
            int count = await readRecorded(theirs, cancellationToken), filled = 0;
            for (int read; filled < count && (read = await RandomAccess.ReadAsync(file, ours.AsMemory(filled, count - filled), position + filled, cancellationToken)) > 0;)
                filled += read;
            int same = theirs.AsSpan(0, count).CommonPrefixLength(ours.AsSpan(0, filled));
            if (same < count || count == 0)
                return position + same;
            position += count;
        }
    }
}
