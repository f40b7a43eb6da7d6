using RemoteExec.Protocol;

namespace RemoteExec.Python.Index;

/// <summary>A project of an index: what is known of its files, and what of them is there. Is not changed; changes make another one.</summary>
public sealed class IndexedProject
{
    /// <summary>What stands behind the name of a file whose metadata it is.</summary>
    public const string MetadataSuffix = ".metadata";

    /// <summary>What stands behind the name of a wheel whose directory it is: the wheel is made of that when it is wanted.</summary>
    internal const string DirectorySuffix = ".directory";

    /// <summary>What stands behind the name of a wheel that is made when it is wanted, for how.</summary>
    internal const string LayoutSuffix = ".layout";

    private readonly Dictionary<string, FileRecord> records;

    internal IndexedProject(IEnumerable<FileRecord> records, IReadOnlyDictionary<string, Digest> contents, IReadOnlyDictionary<string, Digest> directories)
    {
        this.records = records.ToDictionary(record => record.Name, StringComparer.Ordinal);
        Contents = contents;
        Directories = directories;
    }

    /// <summary>A project of which nothing is known.</summary>
    public static IndexedProject Empty { get; } = new([], new Dictionary<string, Digest>(), new Dictionary<string, Digest>());

    /// <summary>All that is known, of files that are gone as well, by name.</summary>
    public IEnumerable<FileRecord> Records => records.Values.OrderBy(record => record.Name, StringComparer.Ordinal);

    /// <summary>The files that are there.</summary>
    public IEnumerable<FileRecord> Files => Records.Where(record => Contents.ContainsKey(record.Name) || IsMadeOfDirectory(record.Name));

    /// <summary>True if nothing is known of it.</summary>
    public bool IsEmpty => records.Count == 0;

    /// <summary>What is there by name, files and their metadata.</summary>
    internal IReadOnlyDictionary<string, Digest> Contents { get; }

    /// <summary>The directories that wheels are made of, by the names that they have in the index.</summary>
    internal IReadOnlyDictionary<string, Digest> Directories { get; }

    /// <summary>What is known of a file; null if nothing is.</summary>
    public FileRecord? Find(string name) => records.GetValueOrDefault(name);

    /// <summary>The content of a file, or of the metadata of one; null if it is not there.</summary>
    public Digest? ContentOf(string name) => Contents.TryGetValue(name, out Digest digest) ? digest : null;

    /// <summary>Whether a file is there as a directory, of which it is made when it is wanted.</summary>
    internal bool IsMadeOfDirectory(string name) => Directories.ContainsKey(name + DirectorySuffix) && Contents.ContainsKey(name + LayoutSuffix);

    /// <summary>The project with a wheel that is made of a directory.</summary>
    /// <param name="record">What is known of it.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="layout">How it is made.</param>
    /// <param name="metadata">Its metadata.</param>
    internal IndexedProject WithDirectory(FileRecord record, Digest directory, Digest layout, Digest? metadata)
    {
        var contents = new Dictionary<string, Digest>(Contents, StringComparer.Ordinal) { [record.Name + LayoutSuffix] = layout };
        var directories = new Dictionary<string, Digest>(Directories, StringComparer.Ordinal) { [record.Name + DirectorySuffix] = directory };
        return new IndexedProject(records.Values, contents, directories).With(record, metadata: metadata);
    }

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
        return new IndexedProject(records.Values.Where(known => known.Name != record.Name).Append(record), contents, Directories);
    }

    /// <summary>The project without the content of a file.</summary>
    /// <param name="name">The file.</param>
    /// <param name="isForgotten">True if nothing is to be known of it any more.</param>
    internal IndexedProject Without(string name, bool isForgotten)
    {
        var contents = new Dictionary<string, Digest>(Contents, StringComparer.Ordinal);
        contents.Remove(name);
        contents.Remove(name + MetadataSuffix);
        contents.Remove(name + LayoutSuffix);
        var directories = new Dictionary<string, Digest>(Directories, StringComparer.Ordinal);
        directories.Remove(name + DirectorySuffix);
        return new IndexedProject(isForgotten ? records.Values.Where(known => known.Name != name) : records.Values, contents, directories);
    }
}
