using System.Globalization;
using System.Text;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Names;
using RemoteExec.Trees;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Python.Wheels;

/// <summary>A directory of the CAS that is an unpacked wheel, and how the wheel is made of it.</summary>
/// <param name="Root">The directory.</param>
/// <param name="Layout">How.</param>
public sealed record WheelDirectory(Digest Root, WheelLayout Layout)
{
    private const int BufferBytes = 128 * 1024;
    private const string InfoSuffix = ".dist-info";

    /// <summary>Makes the wheel of a directory once, to know what it is: its list of files is made anew, as that is what a directory that was built may lack.</summary>
    /// <param name="cas">Where the directory is; files are read twice.</param>
    /// <param name="root">The directory: packages, and NAME-VERSION.dist-info with METADATA and WHEEL.</param>
    /// <param name="directory">Where the wheel goes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PythonIndexException">It is no unpacked wheel.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<LocalDistribution> ReadAsync(IBlobStore cas, Digest root, string directory, CancellationToken cancellationToken)
    {
        if (root.Function != DigestFunction.Sha256)
            throw new PythonIndexException($"{root.ToArgument()} is not under SHA-256, as all of an index is: push it with --digest-function sha256");
        try
        {
            StoredNode[] nodes = [.. (await StoredTree.LoadAsync(cas, root, cancellationToken)).Nodes()];
            if (nodes.FirstOrDefault(node => node.Target is not null) is { } link)
                throw new InvalidDataException($"'{link.Path}' is a symlink, and wheels have none");
            string[] infos = [.. nodes.Where(node => node.Directory is not null && !node.Path.Contains('/', StringComparison.Ordinal) && node.Path.EndsWith(InfoSuffix, StringComparison.Ordinal)).Select(node => node.Path)];
            if (infos.Length != 1)
                throw new InvalidDataException($"it has {(infos.Length == 0 ? "no" : "more than one")} directory *{InfoSuffix}, so it is no unpacked wheel");
            string record = $"{infos[0]}/RECORD";
            List<WheelPart> parts = [];
            foreach (StoredNode node in nodes.Where(node => node.File is not null && node.Path != record && !node.Path.StartsWith($"{record}.", StringComparison.Ordinal)))
                parts.Add(await PartOfAsync(cas, node, cancellationToken));
            string files = string.Concat(parts.Select(part => string.Create(CultureInfo.InvariantCulture, $"{Quoted(part.Name)},sha256={WheelVersion.Written(Convert.FromHexString(part.Sha256!))},{part.Bytes}\n")));
            var layout = new WheelLayout([.. parts, WheelPart.Of(record, $"{files}{Quoted(record)},,\n")]);
            string path = Path.Combine(directory, await NameAsync(cas, infos[0], nodes, cancellationToken));
            await using (FileStream output = File.Create(path))
            {
                if (!await layout.WriteAsync(cas, root.Instance, output, cancellationToken))
                    throw new InvalidDataException("the server lacks a file of it");
            }

            return await LocalDistribution.ReadAsync(path, cancellationToken) with { Directory = new WheelDirectory(root, layout) };
        }
        catch (Exception exception) when (exception is InvalidDataException or TreeException)
        {
            throw new PythonIndexException($"{root.ToArgument()}: {exception.Message}", exception);
        }
    }

    private static async Task<WheelPart> PartOfAsync(IBlobStore cas, StoredNode node, CancellationToken cancellationToken)
    {
        Digest digest = node.File!.Value;
        await using BlobReader reader = await cas.OpenReadAsync(digest, 0, cancellationToken) ?? throw new InvalidDataException($"the server lacks '{node.Path}'");
        using var hasher = new IncrementalHasher(digest.Function, digest.SizeBytes);
        Crc32 sum = default;
        byte[] buffer = new byte[(int)Math.Clamp(digest.SizeBytes, 1, BufferBytes)];
        for (int read; (read = await reader.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            hasher.Append(buffer.AsSpan(0, read));
            sum.Append(buffer.AsSpan(0, read));
        }

        return hasher.Finish(digest.Instance) == digest
            ? new WheelPart(node.Path, sum.Value, digest.SizeBytes) { Sha256 = digest.Hash, IsExecutable = node.IsExecutable }
            : throw new InvalidDataException($"the server sent something else than '{node.Path}'");
    }

    // NAME-VERSION of the directory, and the tags that its WHEEL has (PEP 425): several are one with dots.
    private static async Task<string> NameAsync(IBlobStore cas, string info, StoredNode[] nodes, CancellationToken cancellationToken)
    {
        StoredNode wheel = nodes.FirstOrDefault(node => node.Path == $"{info}/WHEEL") ?? throw new InvalidDataException($"it has no '{info}/WHEEL', so it is no unpacked wheel");
        string text = Encoding.UTF8.GetString(await cas.ReadAllAsync(wheel.File ?? throw new InvalidDataException($"'{wheel.Path}' is no file"), CoreMetadata.MaxBytes, cancellationToken) ?? throw new InvalidDataException($"the server lacks '{wheel.Path}'"));
        string[][] tags = [.. ValuesOf(text, "Tag").Select(tag => tag.Split('-'))];
        if (tags.Length == 0 || tags.Any(tag => tag.Length != 3))
            throw new InvalidDataException($"'{wheel.Path}' has no 'Tag: PYTHON-ABI-PLATFORM'");
        string build = string.Concat(ValuesOf(text, "Build").Take(1).Select(number => $"-{number}"));
        string name = $"{info[..^InfoSuffix.Length]}{build}-{string.Join('-', Enumerable.Range(0, 3).Select(i => string.Join('.', tags.Select(tag => tag[i]).Distinct())))}{DistributionName.WheelSuffix}";
        return DistributionName.IsFileName(name) ? name : throw new InvalidDataException($"'{name}' is no name of a wheel");
    }

    private static IEnumerable<string> ValuesOf(string text, string field) =>
        text.Split('\n').Where(line => line.StartsWith($"{field}:", StringComparison.Ordinal)).Select(line => line[(field.Length + 1)..].Trim()).Where(value => value.Length > 0);

    // As CSV has it.
    private static string Quoted(string path) => path.AsSpan().ContainsAny(",\"\n\r") ? $"\"{path.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : path;
}
