using System.CommandLine;
using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Trees.Push;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Server.Cli.Trees;

/// <summary><c>remoteexec push</c>.</summary>
internal static class PushCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec push build/output
        remoteexec push . --ref nightly --gitignore --exclude '*.log'
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var directory = new Argument<string>("DIR") { Description = "the directory" };
        var reference = new Option<string?>("--ref") { HelpName = "NAME", Description = "a name that others can use instead of the digest; what it named before is replaced" };
        var command = new Command("push", "Uploads a directory, and prints its digest: only what the server lacks is sent.") { directory, reference };
        var push = new PushFlags(command);
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            if (result.GetValue(reference) is { } given && !TreeArgument.IsName(given))
                throw new UsageException($"--ref: '{given}' is no name: write letters, digits and . _ + - with slashes between");
            TreePushOptions options = push.Read(result, flags.InstanceOf(result));
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                NamedTarget? before = result.GetValue(reference) is { } known ? await server.References.FindAsync(known, cancellationToken) : null;
                PushedTree pushed = await RunAsync(result.GetValue(directory)!, server, options with { Earlier = before is { IsDirectory: true } ? before.Digest : null }, terminal, cancellationToken);
                NamedTarget? named = result.GetValue(reference) is { } name ? await server.References.SetAsync(name, pushed.Root, null, cancellationToken) : null;
                if (flags.WantsJson(result))
                    WriteJson(pushed, named, terminal);
                else
                    Show(pushed, named, terminal);
            });
        });
        return command;
    }

    /// <summary>Pushes a directory, and shows how far it is.</summary>
    public static async Task<PushedTree> RunAsync(string directory, TreeServer server, TreePushOptions options, Terminal terminal, CancellationToken cancellationToken)
    {
        TreePush push = await TreePush.ScanAsync(directory, server.Cas, server.Client, options, TimeProvider.System, cancellationToken);
        await terminal.WithProgressAsync("hashing", push.BytesToHash, read => Task.Run(() => push.Hash(read, cancellationToken), cancellationToken));
        await push.FindMissingAsync(cancellationToken);
        PushedTree? pushed = null;
        await terminal.WithProgressAsync("uploading", push.MissingBytes, async done => pushed = await push.UploadAsync(done, cancellationToken));
        return pushed!;
    }

    /// <summary>What was sent, in words.</summary>
    public static string Sent(PushedTree pushed) => pushed.MissingBlobs == 0 ? "nothing to send" : $"{Words.Count(pushed.MissingBlobs, "blob")} missing, {Words.Size(pushed.SentBytes)} sent";

    private static void Show(PushedTree pushed, NamedTarget? named, Terminal terminal)
    {
        if (pushed.Skipped.Count > 0)
            terminal.WriteLine($"left out: {string.Join(", ", pushed.Skipped.Take(10))}{(pushed.Skipped.Count > 10 ? $", and {pushed.Skipped.Count - 10} more" : "")}", Tone.Faint);
        terminal.WriteLine($"{Words.Count(pushed.Files, "file")}, {Words.Size(pushed.Bytes)}; {Sent(pushed)}", Tone.Faint);
        terminal.WriteLine(named is null ? pushed.Root.ToArgument() : $"{named.Name} = {pushed.Root.ToArgument()}", Tone.Strong);
    }

    private static void WriteJson(PushedTree pushed, NamedTarget? named, Terminal terminal) => terminal.WriteLine(JsonSerializer.Serialize(
        new
        {
            Root = $"{pushed.Root.Hash}/{pushed.Root.SizeBytes}",
            DigestFunction = pushed.Root.Function.Name(),
            pushed.Files,
            pushed.Directories,
            pushed.Symlinks,
            pushed.Bytes,
            pushed.HashedFiles,
            pushed.MissingBlobs,
            pushed.MissingBytes,
            pushed.SentBytes,
            pushed.Skipped,
            Reference = named?.Name,
            named?.Version,
        },
        TreeFlags.Json));
}
