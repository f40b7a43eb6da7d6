using RemoteExec.Protocol;

namespace RemoteExec.Python.Index;

/// <summary>A project of an index: what is known of its files, and what of them is there. Is not changed; changes make another one.</summary>
public sealed class IndexedProject
{
    /// <summary>What stands behind the name of a file whose metadata it is.</summary>
    public const string MetadataSuffix = ".metadata";

    private readonly Dictionary<string, FileRecord> records;

    internal IndexedProject(IEnumerable<FileRecord> records, IReadOnlyDictionary<string, Digest> contents)
    {
        this.records = records.ToDictionary(record => record.Name, StringComparer.Ordinal);
        Contents = contents;
    }

    /// <summary>A project of which nothing is known.</summary>
    public static IndexedProject Empty { get; } = new([], new Dictionary<string, Digest>());

    /// <summary>All that is known, of files that are gone as well, by name.</summary>
    public IEnumerable<FileRecord> Records => records.Values.OrderBy(record => record.Name, StringComparer.Ordinal);

    /// <summary>The files that are there.</summary>
    public IEnumerable<FileRecord> Files => Records.Where(record => Contents.ContainsKey(record.Name));

    /// <summary>True if nothing is known of it.</summary>
    public bool IsEmpty => records.Count == 0;

    /// <summary>What is there by name, files and their metadata.</summary>
    internal IReadOnlyDictionary<string, Digest> Contents { get; }

    /// <summary>What is known of a file; null if nothing is.</summary>
    public FileRecord? Find(string name) => records.GetValueOrDefault(name);

    /// <summary>The content of a file, or of the metadata of one; null if it is not there.</summary>
    public Digest? ContentOf(string name) => Contents.TryGetValue(name, out Digest digest) ? digest : null;

    /// <summary>The project with a file, or with another record of one.</summary>
    /// <param name="record">What is known of it.</param>
    /// <param name="content">Its content; null to leave that as it is.</param>
    /// <param name="metadata">Its metadata; null to leave that as it is.</param>
    internal IndexedProject With(FileRecord record, Digest? content = null, Digest? metadata = null)
    {
        var contents = new Dictionary<string, Digest>(Contents, StringComparer.Ordinal);
        if (content is { } file)
            contents[record.Name] = file;
        if (metadata is { } about)
            contents[record.Name + MetadataSuffix] = about;
        return new IndexedProject(records.Values.Where(known => known.Name != record.Name).Append(record), contents);
    }

    /// <summary>The project without the content of a file.</summary>
    /// <param name="name">The file.</param>
    /// <param name="isForgotten">True if nothing is to be known of it any more.</param>
    internal IndexedProject Without(string name, bool isForgotten)
    {
        var contents = new Dictionary<string, Digest>(Contents, StringComparer.Ordinal);
        contents.Remove(name);
        contents.Remove(name + MetadataSuffix);
        return new IndexedProject(isForgotten ? records.Values.Where(known => known.Name != name) : records.Values, contents);
    }
}
