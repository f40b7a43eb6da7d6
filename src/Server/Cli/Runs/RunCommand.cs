using System.CommandLine;
using RemoteExec.Protocol;
using RemoteExec.Runs.Inputs;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Trees.Push;

namespace RemoteExec.Server.Cli.Runs;

/// <summary><c>remoteexec run</c>.</summary>
internal static class RunCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec run --input src --output app -- gcc -o app src/main.c
        remoteexec run --input src --output out --cache --image debian-gcc -- make -C src
        remoteexec run --input toolchain=tools --input main.c --output main.o --env PATH --download build -- tools/cc -c main.c
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new Command("run", "Runs a command on a worker: sends its inputs, shows what it writes, fetches its outputs, and ends with its exit code (125 and 124 are our own).");
        var spec = new SpecFlags(command);
        var push = new PushFlags(command);
        var flags = new RunFlags(command, "the directory that outputs are fetched to [default: the current one]");
        command.SetAction(result =>
        {
            InstanceName instance = flags.Server.InstanceOf(result);
            TreePushOptions options = push.Read(result, instance);
            IReadOnlyList<InputArgument> inputs = spec.InputsOf(result);
            RunSpec wanted = spec.Read(result, instance);
            ActionRun run = flags.Read(result, namesOutputs: true, terminal);
            return flags.Server.ConnectAsync(result, async (server, cancellationToken) =>
            {
                var inputPush = new InputPush(server, options, terminal);
                Digest root = await inputPush.RunAsync(inputs, wanted.WorkingDirectory, cancellationToken);
                StoredAction action = await ActionMaker.StoreAsync(wanted, root, server.Cas, cancellationToken);
                return await run.RunAsync(action, skipsCache: false, inputPush.SentBytes, server, cancellationToken);
            });
        });
        return command;
    }
}
