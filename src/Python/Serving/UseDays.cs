using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Trees;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Python.Serving;

/// <summary>On which day files of an index were used last: a document in a directory behind a reference of its own, so that using a file is no change of the index.</summary>
/// <param name="reference">The name under which it is.</param>
/// <param name="cas">Where it is.</param>
/// <param name="instance">The instance that it is in.</param>
internal sealed class UseDays(IIndexReference reference, IBlobStore cas, InstanceName instance)
{
    private const string FileName = "uses.json";
    private const int MaxBytes = 256 * 1024 * 1024;

    /// <summary>Writes down that files were used on a day, and forgets those that are not kept.</summary>
    /// <returns>The day of each.</returns>
    /// <exception cref="PythonIndexException">What the reference names is something else.</exception>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<IReadOnlyDictionary<string, DateOnly>> AddAsync(IReadOnlyCollection<string> used, DateOnly day, IReadOnlySet<string> kept, CancellationToken cancellationToken)
    {
        while (true)
        {
            (Digest? root, long version) = await reference.FindAsync(cancellationToken);
            IReadOnlyDictionary<string, DateOnly> before = root is { } directory ? await ReadAsync(directory, cancellationToken) : new Dictionary<string, DateOnly>();
            var after = new SortedDictionary<string, DateOnly>(before.Where(entry => kept.Contains(entry.Key)).ToDictionary(), StringComparer.Ordinal);
            foreach (string key in used.Where(kept.Contains))
                after[key] = after.TryGetValue(key, out DateOnly known) && known > day ? known : day;
            if (after.Count == before.Count && after.All(entry => before.TryGetValue(entry.Key, out DateOnly known) && known == entry.Value))
                return after;
            if (await reference.TrySetAsync(await StoreAsync(after, cancellationToken), version, $"pypi uses {day.ToString("O", CultureInfo.InvariantCulture)}", cancellationToken))
                return after;
        }
    }

    private async Task<IReadOnlyDictionary<string, DateOnly>> ReadAsync(Digest root, CancellationToken cancellationToken)
    {
        try
        {
            StoredNode node = await StoredPath.FindAsync(cas, root, FileName, cancellationToken);
            byte[] content = (node.File is { } file ? await cas.ReadAllAsync(file, MaxBytes, cancellationToken) : null) ?? throw new TreeException($"there is no {FileName}");
            return JsonSerializer.Deserialize<Dictionary<string, DateOnly>>(content) ?? [];
        }
        catch (Exception exception) when (exception is TreeException or JsonException or BlobTooLargeException)
        {
            return new Dictionary<string, DateOnly>(); // from now on, then
        }
    }

    private async Task<Digest> StoreAsync(SortedDictionary<string, DateOnly> days, CancellationToken cancellationToken)
    {
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(days);
        Digest document = IncrementalHasher.Compute(instance, DigestFunction.Sha256, content);
        await cas.WriteAllAsync(document, content, cancellationToken);
        return await cas.StoreAsync(document, new Reapi.Directory { Files = { new Reapi.FileNode { Name = FileName, Digest = document.ToProto() } } }.ToByteArray(), cancellationToken);
    }
}
