using System.Buffers;
using System.CommandLine;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Trees;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Server.Cli.Trees;

/// <summary><c>remoteexec cat</c>.</summary>
internal static class CatCommand
{
    private const int BufferBytes = 256 * 1024;

    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec cat nightly:docs/index.html
        remoteexec cat sha256:5891…/6
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("DIGEST|REF[:PATH]") { Description = "a blob of the CAS: its digest, HASH/SIZE, or the name of a reference; or the file at a PATH in a directory" };
        var command = new Command("cat", "Writes a file out of a directory of the CAS, or any blob.") { file };
        var flags = new TreeFlags(command, hasJson: false);
        command.SetAction(result =>
        {
            TreeArgument argument = flags.ArgumentOf(result, result.GetValue(file)!);
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                await using Stream output = terminal.OpenOutput();
                await CopyAsync(server.Cas, await FindAsync(server, argument, cancellationToken), output, cancellationToken);
            });
        });
        return command;
    }

    private static async Task<Digest> FindAsync(TreeServer server, TreeArgument argument, CancellationToken cancellationToken)
    {
        if (argument is { Digest: { } digest, Path: "" })
            return digest;
        StoredNode node = await server.FindAsync(argument, cancellationToken);
        return node.File ?? throw new TreeException(node.Target is { } target ? $"'{argument}' is a symlink to '{target}'" : $"'{argument}' is a directory: name a file in it with :PATH");
    }

    /// <summary>Writes a blob, and checks what was written.</summary>
    /// <exception cref="TreeException">The server lacks it, or sent something else.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task CopyAsync(IBlobStore cas, Digest digest, Stream output, CancellationToken cancellationToken)
    {
        await using BlobReader reader = await cas.OpenReadAsync(digest, 0, cancellationToken) ?? throw new TreeException($"the server lacks {digest.ToArgument()}");
        using var hasher = new IncrementalHasher(digest.Function, digest.SizeBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (int count; (count = await reader.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                hasher.Append(buffer.AsSpan(0, count));
                await output.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (hasher.Finish(digest.Instance) != digest)
            throw new TreeException($"the server sent something else than {digest.ToArgument()}: do not use what was written");
    }
}
