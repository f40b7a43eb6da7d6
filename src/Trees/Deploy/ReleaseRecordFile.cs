using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;

namespace RemoteExec.Trees.Deploy;

/// <summary>The file in which it is kept which releases there are. It is written as a whole or not at all.</summary>
internal static class ReleaseRecordFile
{
    private const int Version = 1;
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Reads it; one that is not there says that there are no releases.</summary>
    /// <exception cref="TreeException">It is damaged, or of a later version of the program.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static ReleaseRecord Load(string path)
    {
        if (!File.Exists(path))
            return ReleaseRecord.Empty;
        try
        {
            Content content = JsonSerializer.Deserialize<Content>(File.ReadAllBytes(path), json) ?? throw new JsonException();
            if (content.Version > Version)
                throw new TreeException($"'{path}' was written by a later version of the program: use that one");
            UnfinishedRelease? unfinished = content.Unfinished is { } entry ? new UnfinishedRelease(Read(entry.Release), entry.Before, entry.IsRollback) : null;
            return new ReleaseRecord([.. content.Releases.Select(Read)], unfinished);
        }
        catch (JsonException exception)
        {
            throw new TreeException($"'{path}' is damaged: move it away, and what is current stays as it is, but the releases before it are forgotten", exception);
        }
    }

    /// <summary>Writes it.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public static void Save(string path, ReleaseRecord record)
    {
        Unfinished? unfinished = record.Unfinished is { } entry ? new Unfinished(Write(entry.Release), entry.Before, entry.IsRollback) : null;
        StateFiles.Write(path, JsonSerializer.SerializeToUtf8Bytes(new Content(Version, [.. record.Releases.Select(Write)], unfinished), json));
    }

    private static Entry Write(Release release) => new(release.Root.Function.Name(), release.Root.Hash, release.Root.SizeBytes, release.Reference, release.Version, release.Deployed);

    private static Release Read(Entry entry) =>
        DigestFunctions.FromName(entry.Function) is var function && Digest.TryParse(default, function, entry.Hash, entry.SizeBytes, out Digest digest, out _)
            ? new Release(digest, entry.Reference, entry.ReferenceVersion, entry.Deployed)
            : throw new JsonException();

    private sealed record Content(int Version, IReadOnlyList<Entry> Releases, Unfinished? Unfinished);

    private sealed record Unfinished(Entry Release, string? Before, bool IsRollback);

    private sealed record Entry(string Function, string Hash, long SizeBytes, string? Reference, long? ReferenceVersion, DateTimeOffset Deployed);
}
