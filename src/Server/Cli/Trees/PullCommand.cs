using System.CommandLine;
using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Trees.Pull;

namespace RemoteExec.Server.Cli.Trees;

/// <summary><c>remoteexec pull</c>.</summary>
internal static class PullCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec pull nightly output
        remoteexec pull sha256:0c9e…/812:docs docs
        remoteexec pull nightly output --cache ~/.cache/blobs --link
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var tree = new Argument<string>("DIGEST|REF[:PATH]") { Description = TreeArgument.Help };
        var directory = new Argument<string>("DIR") { Description = "what becomes that directory: new, empty, or pulled before" };
        var force = new Option<bool>("--force") { Description = "replace the directory even if it was changed, or not pulled: what is in it is lost" };
        var cache = new Option<string?>("--cache") { HelpName = "DIR", Description = "a directory that keeps what is fetched, for other pulls" };
        var link = new Option<bool>("--link") { Description = "with --cache: make files links to what is in it; they are read-only, as they are shared" };
        var command = new Command("pull", "Makes a directory what it is on the server: complete or not at all, and only what is missing is fetched.") { tree, directory, force, cache, link };
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            if (result.GetValue(link) && result.GetValue(cache) is null)
                throw new UsageException("--link: links to what? Name a directory with --cache");
            TreeArgument argument = flags.ArgumentOf(result, result.GetValue(tree)!);
            var options = new TreePullOptions
            {
                State = TreeFlags.State,
                Force = result.GetValue(force),
                CacheDirectory = result.GetValue(cache) is { } given ? Path.GetFullPath(given) : null,
                Links = result.GetValue(link),
            };
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                // A digest is what it is: whether it is there already needs no server.
                Digest root = argument is { Digest: { } digest, Path: "" } ? digest : await server.FindDirectoryAsync(argument, cancellationToken);
                PulledTree pulled = await RunAsync(result.GetValue(directory)!, root, server, options, terminal, cancellationToken);
                if (flags.WantsJson(result))
                    WriteJson(pulled, terminal);
                else
                    Show(pulled, terminal);
            });
        });
        return command;
    }

    /// <summary>Pulls a directory, and shows how far it is.</summary>
    public static async Task<PulledTree> RunAsync(string directory, Digest root, TreeServer server, TreePullOptions options, Terminal terminal, CancellationToken cancellationToken)
    {
        using TreePull pull = TreePull.Look(directory, root, server.Cas, server.Client, options, TimeProvider.System, cancellationToken);
        if (pull.IsUpToDate)
            return pull.Unchanged();
        await pull.PrepareAsync(cancellationToken);
        PulledTree? pulled = null;
        await terminal.WithProgressAsync("fetching", pull.BytesToFetch, async done => pulled = await pull.FetchAsync(done, cancellationToken));
        return pulled!;
    }

    /// <summary>What was fetched, in words.</summary>
    public static string Fetched(PulledTree pulled) =>
        pulled.IsUnchanged ? "nothing to do" : $"{Words.Count(pulled.KeptFiles, "file")} kept, {Words.Size(pulled.FetchedBytes)} fetched";

    private static void Show(PulledTree pulled, Terminal terminal)
    {
        terminal.WriteLine($"{Words.Count(pulled.Files, "file")}, {Words.Size(pulled.Bytes)}; {Fetched(pulled)}", Tone.Faint);
        terminal.WriteLine($"{pulled.Directory} = {pulled.Root.ToArgument()}", Tone.Strong);
    }

    private static void WriteJson(PulledTree pulled, Terminal terminal) => terminal.WriteLine(JsonSerializer.Serialize(
        new
        {
            Root = $"{pulled.Root.Hash}/{pulled.Root.SizeBytes}",
            DigestFunction = pulled.Root.Function.Name(),
            pulled.Directory,
            Unchanged = pulled.IsUnchanged,
            pulled.Files,
            pulled.Bytes,
            pulled.KeptFiles,
            pulled.FetchedBlobs,
            pulled.FetchedBytes,
        },
        TreeFlags.Json));
}
