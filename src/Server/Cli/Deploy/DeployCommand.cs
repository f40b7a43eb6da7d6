using System.CommandLine;
using RemoteExec.Protocol;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Trees.Deploy;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Server.Cli.Deploy;

/// <summary><c>remoteexec deploy</c>.</summary>
internal static class DeployCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec deploy app/production /srv/app
        remoteexec deploy app/production /srv/app --keep 3 --pre ./check.sh --post 'systemctl restart app'
        remoteexec deploy app/production /srv/app --watch --post 'systemctl restart app'
        """;

    private static readonly TimeSpan pause = TimeSpan.FromSeconds(5);

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var tree = new Argument<string>("DIGEST|REF[:PATH]") { Description = TreeArgument.Help };
        var directory = new Argument<string>("DIR") { Description = "where releases are kept: DIR/current leads to the one in service" };
        var keep = new Option<int>("--keep") { HelpName = "N", Description = "how many releases are kept, to go back to; never fewer than two", DefaultValueFactory = _ => DeployOptions.DefaultKeep };
        var force = new Option<bool>("--force") { Description = "put a release right in which somebody has changed something" };
        var watch = new Option<bool>("--watch") { Description = "deploy again whenever the reference is moved, until you interrupt it" };
        var command = new Command("deploy", "Puts a directory of the CAS into service on this machine, in one step: DIR/current leads to what was there before, or to all of the new one.") { tree, directory, keep };
        var hooks = new HookFlags(command);
        command.Add(force);
        command.Add(watch);
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            TreeArgument argument = flags.ArgumentOf(result, result.GetValue(tree)!);
            if (result.GetValue(keep) < 1)
                throw new UsageException("--keep: at least 1 release is kept, the one in service");
            if (result.GetValue(watch) && argument.Name is null)
                throw new UsageException("--watch: a digest never changes; name a reference");
            var options = new DeployOptions
            {
                Keep = result.GetValue(keep),
                Hooks = hooks.Of(result),
                Force = result.GetValue(force),
                Waits = hooks.Waits(result) || result.GetValue(watch), // who follows a name would miss its move
                Progress = (bytes, work) => terminal.WithProgressAsync("fetching", bytes, work),
            };
            var output = new DeployOutput(terminal, flags.WantsJson(result));
            return flags.ConnectAsync(result, (server, cancellationToken) =>
            {
                var deployment = new Deployment(DeployDirectory.At(result.GetValue(directory)!), server.Cas, server.Client, options, TimeProvider.System);
                return result.GetValue(watch)
                    ? WatchAsync(deployment, server, argument, output, cancellationToken)
                    : RunAsync(deployment, server, argument, output, cancellationToken);
            });
        });
        return command;
    }

    private static async Task RunAsync(Deployment deployment, TreeServer server, TreeArgument argument, DeployOutput output, CancellationToken cancellationToken)
    {
        NamedTarget? target = argument.Name is { } name ? await server.FindTargetAsync(name, cancellationToken) : null;
        await RunAsync(deployment, server, argument, target, output, cancellationToken);
    }

    private static async Task RunAsync(Deployment deployment, TreeServer server, TreeArgument argument, NamedTarget? target, DeployOutput output, CancellationToken cancellationToken)
    {
        // A reference may be moved meanwhile: what was read of it counts.
        TreeArgument fixedArgument = target is { IsDirectory: true } ? argument with { Digest = target.Digest, Name = null } : argument;
        Digest root = fixedArgument is { Digest: { } digest, Path: "" } ? digest : await server.FindDirectoryAsync(fixedArgument, cancellationToken);
        var release = new Release(root, target is null ? null : $"{argument}", target?.Version, default);
        output.Tell(await deployment.RunAsync(release, cancellationToken));
    }

    private static async Task WatchAsync(Deployment deployment, TreeServer server, TreeArgument argument, DeployOutput output, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await foreach (NamedTarget? target in server.References.WatchAsync(argument.Name!, cancellationToken))
                {
                    if (target is null)
                        output.Warn($"there is no reference '{argument.Name}': waiting for it");
                    else
                        await TryAsync(deployment, server, argument, target, output, cancellationToken);
                }
            }
            catch (Exception exception) when (exception is Cas.StoreUnavailableException)
            {
                output.Warn($"{exception.Message}; trying again");
                await Task.Delay(pause, TimeProvider.System, cancellationToken);
            }
        }
    }

    // What could not be deployed leaves in service what is: the next move of the reference may mend it.
    private static async Task TryAsync(Deployment deployment, TreeServer server, TreeArgument argument, NamedTarget target, DeployOutput output, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(deployment, server, argument, target, output, cancellationToken);
        }
        catch (Exception exception) when (exception is not Cas.StoreUnavailableException && TreeFlags.IsFailure(exception))
        {
            output.Warn(TreeFlags.TextOf(exception));
        }
    }
}
