using System.Security.Cryptography;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Wheels;

/// <summary>A distribution in a file on this machine, read and found to be what its name says.</summary>
/// <param name="Path">The file.</param>
/// <param name="Name">Its name in an index.</param>
/// <param name="Sha256">The hash of its content.</param>
/// <param name="SizeBytes">How long it is.</param>
/// <param name="RequiresPython">The versions of Python that it is for; null for any.</param>
/// <param name="Metadata">Of a wheel its metadata; null for a source distribution.</param>
public sealed record LocalDistribution(string Path, DistributionName Name, ReadOnlyMemory<byte> Sha256, long SizeBytes, string? RequiresPython, byte[]? Metadata)
{
    /// <summary>The directory of the CAS that it was made of, and can be made of again; null for none.</summary>
    public WheelDirectory? Directory { get; init; }

    /// <summary>Reads a file that has the name of a distribution.</summary>
    /// <exception cref="PythonIndexException">It is none, or not the one that its name says.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static Task<LocalDistribution> ReadAsync(string path, CancellationToken cancellationToken) => ReadAsync(path, System.IO.Path.GetFileName(path), cancellationToken);

    /// <summary>The wheel as one of another version, in a directory.</summary>
    /// <exception cref="PythonIndexException">It is no wheel, or can't be made one.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task<LocalDistribution> WithVersionAsync(PythonVersion version, string directory, CancellationToken cancellationToken)
    {
        if (!Name.IsWheel)
            throw new PythonIndexException($"'{Name.FileName}' is no wheel: builds of channels are wheels, as what is made of sources has the version that these say");
        string another = System.IO.Path.Combine(directory, WheelVersion.NameOf(Name, version));
        try
        {
            await using FileStream archive = File.OpenRead(Path);
            await using FileStream output = File.Create(another);
            await WheelVersion.WriteAsync(Name, archive, version, output);
        }
        catch (InvalidDataException exception)
        {
            throw new PythonIndexException($"'{Name.FileName}': {exception.Message}", exception);
        }

        return await ReadAsync(another, cancellationToken);
    }

    /// <summary>Reads a file that is a distribution of a name.</summary>
    /// <exception cref="PythonIndexException">It is none.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    internal static async Task<LocalDistribution> ReadAsync(string path, string fileName, CancellationToken cancellationToken)
    {
        if (!DistributionName.TryParse(fileName, out DistributionName? name, out string? error))
            throw new PythonIndexException(error);
        await using FileStream file = File.OpenRead(path);
        byte[] hash = await SHA256.HashDataAsync(file, cancellationToken);
        file.Position = 0;
        try
        {
            if (name.IsWheel)
            {
                var wheel = new Wheel(name, file);
                return new LocalDistribution(path, name, hash, file.Length, wheel.Core.RequiresPython, wheel.Metadata);
            }

            CoreMetadata core = SourceArchive.Read(file);
            return core.Project == name.Project && core.Version.Equals(name.Version)
                ? new LocalDistribution(path, name, hash, file.Length, core.RequiresPython, null)
                : throw new InvalidDataException($"its metadata is of {core.Project} {core.Version}, not of {name.Project} {name.Version}: the file was renamed");
        }
        catch (InvalidDataException exception)
        {
            throw new PythonIndexException($"'{fileName}': {exception.Message}", exception);
        }
    }
}
