using RemoteExec.Python.Names;

namespace RemoteExec.Python.Wheels;

/// <summary>A wheel that is read: its files, and the directory of them that tells what it is.</summary>
internal sealed class Wheel
{
    private const string InfoSuffix = ".dist-info";

    /// <summary>Finds its way through a wheel.</summary>
    /// <param name="name">The wheel's name.</param>
    /// <param name="archive">The wheel; seekable, stays the caller's.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public Wheel(DistributionName name, Stream archive)
    {
        Zip = new ZipInput(archive);
        string[] folders = [.. Zip.Items.Select(item => item.Name.Split('/')[0]).Where(folder => folder.EndsWith(InfoSuffix, StringComparison.Ordinal)).Distinct()];
        if (folders.Length != 1)
            throw new InvalidDataException($"it has {(folders.Length == 0 ? "no" : "more than one")} directory *{InfoSuffix}, so it is no wheel");
        Info = folders[0];
        Metadata = Zip.ReadAll(Find($"{Info}/METADATA"), CoreMetadata.MaxBytes);
        Core = CoreMetadata.Parse(Metadata);
        if (Core.Project != name.Project || !Core.Version.Equals(name.Version))
            throw new InvalidDataException($"its metadata is of {Core.Project} {Core.Version}, not of {name.Project} {name.Version}: the file was renamed");
    }

    /// <summary>Its files.</summary>
    public ZipInput Zip { get; }

    /// <summary>The name of the directory, <c>NAME-VERSION.dist-info</c>.</summary>
    public string Info { get; }

    /// <summary>Its metadata.</summary>
    public byte[] Metadata { get; }

    /// <summary>What that says.</summary>
    public CoreMetadata Core { get; }

    /// <summary>The file at a path.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public ZipItem Find(string path) => Zip.Items.FirstOrDefault(item => item.Name == path) ?? throw new InvalidDataException($"it has no '{path}', so it is no wheel");
}
