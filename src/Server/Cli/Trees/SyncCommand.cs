using System.CommandLine;
using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Trees;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Push;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Server.Cli.Trees;

/// <summary><c>remoteexec sync</c>.</summary>
internal static class SyncCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec sync ./site previews/me --watch
        remoteexec sync previews/me ./site --watch
        """;

    private static readonly JsonSerializerOptions lines = new(TreeFlags.Json) { WriteIndented = false };

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var from = new Argument<string>("FROM") { Description = "a directory on this machine, which begins with / or ., to be pushed; or a reference, to be pulled" };
        var to = new Argument<string>("TO") { Description = "the other one of the two" };
        var watch = new Option<bool>("--watch") { Description = "go on with each change, until you interrupt it" };
        var force = new Option<bool>("--force") { Description = "replace what others changed: files in a directory that is pulled into, or what the reference names" };
        var command = new Command("sync", "Keeps a reference at what a directory is, or a directory at what a reference names.") { from, to, watch, force };
        var push = new PushFlags(command);
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            (string source, string destination) = (result.GetValue(from)!, result.GetValue(to)!);
            bool isPush = LocalArgument.IsDirectory(source);
            string name = isPush ? destination : source, directory = isPush ? source : destination;
            if (LocalArgument.IsDirectory(name))
                throw new UsageException("one of the two is the name of a reference: both are directories on this machine");
            if (!LocalArgument.IsDirectory(directory))
                throw new UsageException($"'{directory}' and '{name}': one of the two is a directory on this machine; write it as ./{directory}");
            if (!TreeArgument.IsName(name) || (isPush && name.Contains('@', StringComparison.Ordinal)))
                throw new UsageException($"'{name}' is no name of a reference that moves: write letters, digits and . _ + - with slashes between");
            TreePushOptions pushing = push.Read(result, flags.InstanceOf(result));
            bool isForced = result.GetValue(force), goesOn = result.GetValue(watch), isJson = flags.WantsJson(result);
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                if (!isPush)
                {
                    var options = new TreePullOptions { State = TreeFlags.State, Force = isForced };
                    await PullAsync(server, name, directory, options, goesOn, isJson, terminal, cancellationToken);
                    return;
                }

                await PushAsync(server, directory, name, pushing, isForced, goesOn, isJson, terminal, cancellationToken);
            });
        });
        return command;
    }

    private static async Task PushAsync(
        TreeServer server, string directory, string name, TreePushOptions options, bool isForced, bool goesOn, bool isJson, Terminal terminal, CancellationToken cancellationToken)
    {
        using DirectoryWatch? watch = goesOn ? new DirectoryWatch(directory) : null;
        NamedTarget? now = await server.References.FindAsync(name, cancellationToken);
        while (true)
        {
            try
            {
                PushedTree pushed = await PushCommand.RunAsync(directory, server, options with { Earlier = now is { IsDirectory: true } ? now.Digest : null }, terminal, cancellationToken);
                if (now is null || now.Digest != pushed.Root)
                {
                    now = await server.References.SetAsync(name, pushed.Root, isForced ? null : now?.Version ?? 0, cancellationToken);
                    Tell(name, pushed.Root, now.Version, PushCommand.Sent(pushed), isJson, terminal);
                }
                else if (watch is null)
                {
                    Tell(name, pushed.Root, now.Version, "nothing to do", isJson, terminal);
                }
            }
            catch (Exception exception) when (watch is not null && exception is TreeException or IOException or UnauthorizedAccessException)
            {
                terminal.WriteError(new Cell(exception.Message).Text); // somebody is at work there: the next change may mend it
            }

            if (watch is null)
                return;
            await watch.WaitAsync(cancellationToken);
        }
    }

    private static async Task PullAsync(
        TreeServer server, string name, string directory, TreePullOptions options, bool goesOn, bool isJson, Terminal terminal, CancellationToken cancellationToken)
    {
        if (!goesOn)
        {
            NamedTarget target = await server.References.FindAsync(name, cancellationToken) ?? throw new TreeException($"there is no reference '{name}'");
            await PullAsync(server, target, directory, options, isJson, terminal, cancellationToken);
            return;
        }

        await foreach (NamedTarget? target in server.References.WatchAsync(name, cancellationToken))
        {
            if (target is null)
                terminal.WriteError($"there is no reference '{name}': waiting for it");
            else
                await PullAsync(server, target, directory, options, isJson, terminal, cancellationToken);
        }
    }

    private static async Task PullAsync(
        TreeServer server, NamedTarget target, string directory, TreePullOptions options, bool isJson, Terminal terminal, CancellationToken cancellationToken)
    {
        if (!target.IsDirectory)
            throw new TreeException($"'{target.Name}' is a blob and no directory");
        PulledTree pulled = await PullCommand.RunAsync(directory, target.Digest, server, options, terminal, cancellationToken);
        Tell(target.Name, pulled.Root, target.Version, PullCommand.Fetched(pulled), isJson, terminal);
    }

    private static void Tell(string name, Digest root, long version, string what, bool isJson, Terminal terminal)
    {
        if (isJson)
            terminal.WriteLine(JsonSerializer.Serialize(new { Reference = name, Root = $"{root.Hash}/{root.SizeBytes}", DigestFunction = root.Function.Name(), Version = version, Outcome = what }, lines));
        else
            terminal.WriteLine([new Cell($"{name} = {root.ToArgument()}", Tone.Strong), new Cell($"  {what}", Tone.Faint)]);
    }
}
