using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>What came of reading directories of an input tree.</summary>
internal sealed class InputReading
{
    /// <summary>Those of which everything beneath was found, now or before.</summary>
    public Dictionary<Digest, InputDirectory> Directories { get; } = [];

    /// <summary>Those that were read now, whatever was found beneath them.</summary>
    public Dictionary<Digest, Reapi.Directory> Messages { get; } = [];

    /// <summary>Those that the CAS lacks.</summary>
    public List<Digest> Missing { get; } = [];

    /// <summary>The content of all files in what was read or remembered, with duplicates.</summary>
    public IEnumerable<Digest> Files =>
        Messages.SelectMany(entry => entry.Value.Files.Select(file => Sibling(entry.Key, file.Digest)))
            .Concat(Directories.Values.Where(directory => !Messages.ContainsKey(directory.Digest)).SelectMany(directory => directory.Files.Select(file => file.Key.Digest)));

    /// <summary>A digest that a valid directory names.</summary>
    public static Digest Sibling(in Digest self, Reapi.Digest digest) =>
        self.TryParseSibling(digest, out Digest parsed, out string? error) ? parsed : throw new InvalidActionException(error);
}
