using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Server.Cli.Operators;

/// <summary><c>remoteexec workers drain</c> and <c>undrain</c>.</summary>
internal static class DrainCommand
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Makes the command that takes workers out of service.</summary>
    public static Command CreateDrain(Terminal terminal)
    {
        Argument<string> name = NameArgument();
        var grace = new Option<string?>("--grace") { HelpName = "TIME", Description = "hand back what still runs after so long, for example 10m [default: it may end]" };
        var wait = new Option<bool>("--wait") { Description = "return once nothing runs there any more" };
        var command = new Command("drain", "Takes a worker out of service: what runs there may end, and it gets nothing new until 'undrain'.") { name, grace, wait };
        var flags = new OperatorFlags(command);
        command.SetAction((result, cancellationToken) => flags.ConnectAsync(result, async scheduler =>
        {
            var request = new DrainWorkersRequest { Name = result.GetValue(name)! };
            if (result.GetValue(grace) is { } text)
            {
                if (!Configuration.Duration.TryParse(text, out TimeSpan time, out string? error))
                    throw new UsageException($"--grace: {error}");
                request.Grace = Duration.FromTimeSpan(time);
            }

            DrainWorkersResponse answer = await scheduler.DrainWorkersAsync(request, cancellationToken);
            if (result.GetValue(wait))
                await WaitAsync(scheduler, request.Name, cancellationToken);
            flags.Write(result, terminal, answer, _ => terminal.WriteLine(Describe(answer.Workers, result.GetValue(wait), request.Name), Tone.Good));
            return ExitCode.Ok;
        }));
        return command;
    }

    /// <summary>Makes the command that takes workers back.</summary>
    public static Command CreateUndrain(Terminal terminal)
    {
        Argument<string> name = NameArgument();
        var command = new Command("undrain", "Takes a drained worker back into service.") { name };
        var flags = new OperatorFlags(command);
        command.SetAction((result, cancellationToken) => flags.AskAsync(
            result, terminal, (scheduler, token) => scheduler.DrainWorkersAsync(new DrainWorkersRequest { Name = result.GetValue(name)!, Undo = true }, token),
            answer => terminal.WriteLine($"{Words.Count(answer.Workers, "worker")} back in service", Tone.Good), cancellationToken));
        return command;
    }

    private static Argument<string> NameArgument() =>
        new("NAME") { Description = "the name as it was given, or as 'workers list' shows it; a * at the end stands for anything" };

    private static string Describe(int workers, bool hasWaited, string name)
    {
        string done = workers == 0 ? $"no worker '{name}' is connected now: it gets nothing when it comes"
            : hasWaited ? $"{Words.Count(workers, "worker")} drained: nothing runs there any more"
            : $"{Words.Count(workers, "worker")} out of service: what runs there may end; 'remoteexec workers list' shows when it has";
        return $"{done}; take back with 'remoteexec workers undrain {name}'";
    }

    private static async Task WaitAsync(IOperator scheduler, string name, CancellationToken cancellationToken)
    {
        while (await IsBusyAsync(scheduler, name, cancellationToken))
            await Task.Delay(pause, TimeProvider.System, cancellationToken);
    }

    // A worker that has left runs nothing.
    private static async Task<bool> IsBusyAsync(IOperator scheduler, string name, CancellationToken cancellationToken)
    {
        ListWorkersResponse answer = await scheduler.ListWorkersAsync(new ListWorkersRequest(), cancellationToken);
        return answer.Workers.Any(worker => worker.BusySlots > 0 && IsMeant(worker.Name, name));
    }

    private static bool IsMeant(string worker, string name) =>
        name.EndsWith('*') ? worker.StartsWith(name[..^1], StringComparison.Ordinal) : worker == name;
}
