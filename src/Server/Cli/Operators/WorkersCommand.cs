using System.CommandLine;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Server.Cli.Operators;

/// <summary><c>remoteexec workers</c>: who works, and taking workers out of service.</summary>
internal static class WorkersCommand
{
    /// <summary>What to do where there is no worker.</summary>
    public const string NoWorker =
        "no worker is connected: serve with --workers N, or open a listener for workers (serve --worker-listen ADDR:PORT) and run 'remoteexec worker --server grpc://HOST:PORT'";

    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec workers list --watch
        remoteexec workers show build-7
        remoteexec workers drain build-7 --grace 10m --wait     before the machine is restarted
        remoteexec workers drain 'big-*'                        every worker whose name begins so
        remoteexec workers undrain build-7
        """;

    private const int BarWidth = 8;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new("workers", "Shows the workers that are connected, and takes them out of service.")
    {
        CreateList(terminal),
        CreateShow(terminal),
        DrainCommand.CreateDrain(terminal),
        DrainCommand.CreateUndrain(terminal),
    };

    private static Command CreateList(Terminal terminal)
    {
        var command = new Command("list", "Lists the workers that are connected.");
        var flags = new OperatorFlags(command);
        var watch = new WatchFlag(command);
        command.SetAction((result, cancellationToken) => watch.RunAsync(result, terminal, stop => flags.AskAsync(
            result, terminal, (scheduler, token) => scheduler.ListWorkersAsync(new ListWorkersRequest(), token), answer => ShowAll(answer, terminal), stop), cancellationToken));
        return command;
    }

    private static Command CreateShow(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "the worker's name; a * at the end stands for anything" };
        var command = new Command("show", "Shows a worker and what it runs.") { name };
        var flags = new OperatorFlags(command);
        var watch = new WatchFlag(command);
        command.SetAction((result, cancellationToken) => watch.RunAsync(result, terminal, stop => flags.AskAsync(
            result, terminal, (scheduler, token) => scheduler.ListWorkersAsync(new ListWorkersRequest { Name = result.GetValue(name)! }, token),
            answer => ShowEach(answer, terminal), stop), cancellationToken));
        return command;
    }

    private static void ShowAll(ListWorkersResponse answer, Terminal terminal)
    {
        if (answer.Workers.Count == 0)
        {
            terminal.WriteLine(NoWorker, Tone.Faint);
        }
        else
        {
            var table = new Table("NAME", "STATE", "", ">SLOTS", ">CORES", ">MEMORY", ">SEEN", "PLATFORM");
            foreach (WorkerInfo worker in answer.Workers.OrderBy(worker => worker.Name, StringComparer.Ordinal))
            {
                table.Add(
                    new Cell(worker.Name, Tone.Strong),
                    StateOf(worker),
                    terminal.IsInteractive ? Words.Bar(worker.BusySlots, worker.Slots, BarWidth) : "",
                    $"{worker.BusySlots}/{worker.Slots}",
                    worker.CpuMillis == 0 ? "-" : $"{Words.Cores(worker.CpuMillisUsed)}/{Words.Cores(worker.CpuMillis)}",
                    worker.MemoryBytes == 0 ? "-" : $"{Words.Size(worker.MemoryBytesUsed)}/{Words.Size(worker.MemoryBytes)}",
                    Seen(worker),
                    PlatformText.Of(worker.Platform));
            }

            table.Write(terminal);
        }

        if (answer.Drained.Count > 0)
            terminal.WriteLine($"drained: {string.Join(", ", answer.Drained.Select(name => new Cell(name).Text))} ('remoteexec workers undrain NAME' takes one back)", Tone.Faint);
    }

    private static void ShowEach(ListWorkersResponse answer, Terminal terminal)
    {
        foreach (WorkerInfo worker in answer.Workers)
        {
            terminal.WriteLine([new Cell(worker.Name, Tone.Strong), "  ", StateOf(worker)]);
            var table = new Table("", "");
            table.Add("process", worker.Id.Length == 0 ? "-" : worker.Id);
            table.Add("platform", PlatformText.Of(worker.Platform));
            table.Add("slots", $"{worker.BusySlots} of {worker.Slots} busy");
            if (worker.CpuMillis > 0)
                table.Add("cores", $"{Words.Cores(worker.CpuMillisUsed)} of {Words.Cores(worker.CpuMillis)} set aside");
            if (worker.MemoryBytes > 0)
                table.Add("memory", $"{Words.Size(worker.MemoryBytesUsed)} of {Words.Size(worker.MemoryBytes)} set aside");
            table.Add("seen", Seen(worker) + " ago");
            table.Add("protocol", $"1.{worker.ProtocolMinor}");
            foreach (string operation in worker.Operations)
                table.Add("runs", operation);
            table.Write(terminal);
            terminal.WriteLine("");
        }
    }

    private static Cell StateOf(WorkerInfo worker) => worker switch
    {
        { Draining: true, BusySlots: 0 } => new Cell("drained", Tone.Faint),
        { Draining: true } => new Cell("draining", Tone.Faint),
        { QuarantinedUntil: { } until } => new Cell($"quarantined for {Words.Age(until.ToDateTimeOffset() - TimeProvider.System.GetUtcNow())}", Tone.Bad),
        _ => new Cell("ready", Tone.Good),
    };

    private static string Seen(WorkerInfo worker) =>
        worker.LastSeen is { } seen ? Words.Age(TimeProvider.System.GetUtcNow() - seen.ToDateTimeOffset()) : "-";
}
