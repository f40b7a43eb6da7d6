using System.CommandLine;
using System.Runtime.InteropServices;
using RemoteExec.Images.Export;
using RemoteExec.Protocol;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Server.Cli.Images;

/// <summary><c>remoteexec image export</c>.</summary>
internal static class ImageExportCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var image = new Argument<string>("IMAGE") { Description = "the name of an image, or its digest, HASH/SIZE" };
        var target = new Argument<string>("DIR|FILE.tar") { Description = "a file, if it ends in .tar, which becomes a tar archive; or a directory, new or empty, for the files" };
        var oci = new Option<bool>("--oci") { Description = "write an OCI image layout into the directory" };
        var architecture = new Option<string>("--arch") { HelpName = "NAME", Description = "with --oci: the processors that the image is for [default: those of this machine]", DefaultValueFactory = _ => ThisMachine() };
        var command = new Command("export", "Takes an image out of the server: as files, as a tar archive, or as an OCI image.") { image, target, oci, architecture };
        var flags = new ImageFlags(command);
        command.SetAction(result =>
        {
            string path = result.GetValue(target)!;
            bool isTar = path.EndsWith(".tar", StringComparison.Ordinal);
            if (isTar && result.GetValue(oci))
                throw new UsageException("--oci writes a directory: leave .tar away");
            Digest root = flags.ImageOf(result, result.GetValue(image)!);
            return flags.ConnectAsync(result, async (cas, cancellationToken) =>
            {
                var export = new ImageExport(cas, await StoredTree.LoadAsync(cas, root, cancellationToken));
                await terminal.WithProgressAsync("exporting", export.Bytes, written =>
                    isTar ? export.ToTarAsync(path, written, cancellationToken)
                    : result.GetValue(oci) ? export.ToOciLayoutAsync(path, result.GetValue(architecture)!, written, cancellationToken)
                    : export.ToDirectoryAsync(path, written, cancellationToken));
                terminal.WriteLine($"{path}: {Words.Size(export.Bytes)} of {root.Hash}/{root.SizeBytes}", Tone.Good);
            });
        });
        return command;
    }

    private static string ThisMachine() => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "amd64" : RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
}
