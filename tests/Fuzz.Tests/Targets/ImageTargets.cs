using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using RemoteExec.Images;
using RemoteExec.Images.Archives;
using RemoteExec.Images.Trees;
using RemoteExec.Protocol;
using RemoteExec.Server.Cli.Images;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>What images are made of: whatever an archive says, what comes of it is a tree that the API takes.</summary>
internal static class ImageTargets
{
    private static readonly byte[] tar = Tar();

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        Archive("tar", ArchiveType.Tar, [tar, Tar(TarEntryFormat.Pax)]) with { Repair = RepairTar },
        Archive("deb", ArchiveType.Deb, [Deb()]),
        Archive("whl", ArchiveType.Whl, [Zip()]),
        FuzzTargets.OfText(
            "image-recipe", text => RecipeReader.Parse("/recipe.yaml", text),
            $"archives:\n  - {{ path: a.tar, sha256: {new string('0', 64)}, exclude: [a/**], strip: 1 }}\nsymlinks: [{{ path: bin, target: usr/bin }}]\nfiles:\n  - {{ path: a, content: b, executable: true }}\n") with
        { Refusals = [typeof(ConfigException)] },
    ];

    private static FuzzTarget Archive(string name, ArchiveType type, byte[][] seeds) => new(name, seeds, bytes => Unpack(type, bytes), typeof(InvalidDataException), typeof(ImageException));

    private static void Unpack(ArchiveType type, byte[] bytes)
    {
        using var spool = new BlobSpool(default, DigestFunction.Sha256);
        using var stream = new MemoryStream(bytes);
        var archive = new RecipeArchive { Path = "fuzz", Sha256 = "", Type = type, Prefix = "opt", Exclude = [new PathPattern("**/x*")] };
        ImageDirectory tree = FuzzTargets.Now(new ValueTask<ImageDirectory>(new ArchiveUnpacking(archive, spool).RunAsync(ArchiveReader.ReadAsync(type, stream, ArchiveReader.MaxBytes, CancellationToken.None), CancellationToken.None)));

        MerkleTree result = tree.ToMerkleTree(default, DigestFunction.Sha256);
        foreach (Reapi.Directory directory in result.ToTree().Children.Prepend(result.Root))
            Assert.True(DirectoryValidator.TryValidate(directory, result.RootDigest, allowAbsoluteTargets: true, out string? error), error);
        Assert.All(tree.Files(), file => Assert.Contains(file.Digest, spool.Digests));
        Assert.Equal(result.RootDigest, TreeMessage.Read(result.ToTree(), default, DigestFunction.Sha256)!.ToMerkleTree(default, DigestFunction.Sha256).RootDigest);
    }

    private static byte[] Tar(TarEntryFormat format = TarEntryFormat.Gnu)
    {
        using var result = new MemoryStream();
        using (var writer = new TarWriter(result, format, leaveOpen: true))
        {
            TarEntry Entry(TarEntryType type, string name, string link = "")
            {
                TarEntry entry = format == TarEntryFormat.Gnu ? new GnuTarEntry(type, name) : new PaxTarEntry(type, name);
                if (link.Length > 0)
                    entry.LinkName = link;
                return entry;
            }

            writer.WriteEntry(Entry(TarEntryType.Directory, "./usr/"));
            TarEntry file = Entry(TarEntryType.RegularFile, "./usr/file");
            file.DataStream = new MemoryStream(Encoding.UTF8.GetBytes("content"));
            writer.WriteEntry(file);
            writer.WriteEntry(Entry(TarEntryType.SymbolicLink, "./usr/link", "file"));
            writer.WriteEntry(Entry(TarEntryType.HardLink, "./usr/hard", "./usr/file"));
            writer.WriteEntry(Entry(TarEntryType.RegularFile, $"./{new string('n', 150)}"));
        }

        return result.ToArray();
    }

    private static byte[] Deb() =>
        [.. "!<arch>\n"u8, .. Encoding.ASCII.GetBytes($"{"debian-binary",-16}{0,-12}{0,-6}{0,-6}{"100644",-8}{4,-10}`\n2.0\n"), .. Encoding.ASCII.GetBytes($"{"data.tar",-16}{0,-12}{0,-6}{0,-6}{"100644",-8}{tar.Length,-10}`\n"), .. tar];

    private static byte[] Zip()
    {
        using var result = new MemoryStream();
        using (var zip = new ZipArchive(result, ZipArchiveMode.Create, leaveOpen: true))
        {
            zip.CreateEntry("dir/");
            using Stream content = zip.CreateEntry("dir/file").Open();
            content.Write("content content content"u8);
        }

        return result.ToArray();
    }

    // The checksum of the first header, so that damage in it gets further.
    private static void RepairTar(byte[] bytes)
    {
        if (bytes.Length < 512)
            return;
        bytes.AsSpan(148, 8).Fill((byte)' ');
        int sum = bytes.AsSpan(0, 512).ToArray().Sum(value => value);
        Encoding.ASCII.GetBytes($"{Convert.ToString(sum, 8).PadLeft(6, '0')}\0 ").CopyTo(bytes, 148);
    }
}
