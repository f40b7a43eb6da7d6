using RemoteExec.Python.Index;

namespace RemoteExec.Server.Cli.Python;

/// <summary>A file of an index as JSON.</summary>
internal sealed record FileView
{
    public required string Name { get; init; }

    public string? Version { get; init; }

    public required string Sha256 { get; init; }

    public required long Size { get; init; }

    public string? RequiresPython { get; init; }

    public DateTimeOffset Added { get; init; }

    public string? Yanked { get; init; }

    public string? Channel { get; init; }

    public long? Build { get; init; }

    public string? Revision { get; init; }

    public bool? IsNew { get; init; }

    public static FileView Of(FileRecord record) => new()
    {
        Name = record.Name,
        Version = record.Version,
        Sha256 = record.Sha256,
        Size = record.Size,
        RequiresPython = record.RequiresPython,
        Added = record.Added,
        Yanked = record.Yanked,
        Channel = record.Channel,
        Build = record.Channel is null ? null : record.Build,
        Revision = record.Revision,
    };
}
