using System.CommandLine;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Server.Cli.Operators;

/// <summary><c>remoteexec queue</c>: what waits, by platform, and who could run it.</summary>
internal static class QueueCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec queue list --watch
        remoteexec queue show pool=big                  who waits for that platform
        remoteexec queue list --server grpcs://build-server:8980 --ca ca.pem --json
        """;

    private const int BarWidth = 12;
    private const int ShownBuilds = 50;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new("queue", "Shows what waits for workers, and which workers there are for it.")
    {
        CreateList(terminal),
        CreateShow(terminal),
    };

    private static Command CreateList(Terminal terminal)
    {
        var command = new Command("list", "Lists the platforms that actions ask for, and those that workers offer.");
        var flags = new OperatorFlags(command);
        var watch = new WatchFlag(command);
        command.SetAction((result, cancellationToken) => watch.RunAsync(result, terminal, stop => flags.AskAsync(
            result, terminal, (scheduler, token) => scheduler.ListQueuesAsync(new ListQueuesRequest(), token), answer => ShowAll(answer, terminal), stop), cancellationToken));
        return command;
    }

    private static Command CreateShow(Terminal terminal)
    {
        var platform = new Argument<string[]>("NAME=VALUE") { Description = "properties of the platform; NAME= for platforms without it", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("show", "Shows the builds that wait for a platform.") { platform };
        var flags = new OperatorFlags(command);
        var watch = new WatchFlag(command);
        command.SetAction((result, cancellationToken) =>
        {
            ListQueuesRequest request = RequestOf(result.GetValue(platform) ?? []);
            return watch.RunAsync(result, terminal, stop => flags.AskAsync(
                result, terminal, (scheduler, token) => scheduler.ListQueuesAsync(request, token), answer => ShowBuilds(answer, terminal), stop), cancellationToken);
        });
        return command;
    }

    private static ListQueuesRequest RequestOf(IEnumerable<string> properties)
    {
        try
        {
            return new ListQueuesRequest { Builds = ShownBuilds, Platform = { properties.Select(PlatformArgument.Parse) } };
        }
        catch (OperatorRequestException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static void ShowAll(ListQueuesResponse answer, Terminal terminal)
    {
        if (answer.Queues.Count == 0)
            terminal.WriteLine("nothing waits and nothing runs", Tone.Faint);
        else
            ShowQueues(answer.Queues, terminal);
        terminal.WriteLine("");
        if (answer.Pools.Count == 0)
            terminal.WriteLine(WorkersCommand.NoWorker, Tone.Faint);
        else
            ShowPools(answer.Pools, terminal);
    }

    private static void ShowQueues(IReadOnlyCollection<QueueInfo> queues, Terminal terminal)
    {
        var table = new Table(">QUEUED", "", ">OLDEST", ">RUNNING", ">WORKERS", ">SLOTS", ">IDLE", "ASKED FOR");
        int most = queues.Max(queue => queue.Queued);
        foreach (QueueInfo queue in queues.OrderByDescending(queue => queue.Queued).ThenByDescending(queue => queue.Running))
        {
            bool isUnserved = queue is { Queued: > 0, Workers: 0 };
            table.Add(
                new Cell(Words.Number(queue.Queued), queue.Queued > 0 ? Tone.Strong : Tone.Plain),
                terminal.IsInteractive ? Words.Bar(queue.Queued, most, BarWidth) : "",
                queue.Oldest is { } oldest ? Words.Age(oldest.ToTimeSpan()) : "-",
                Words.Number(queue.Running),
                new Cell(Words.Number(queue.Workers), isUnserved ? Tone.Bad : Tone.Plain),
                Words.Number(queue.Slots),
                Words.Number(queue.IdleSlots),
                PlatformText.Of(queue.Platform));
        }

        table.Write(terminal);
    }

    private static void ShowPools(IEnumerable<PoolInfo> pools, Terminal terminal)
    {
        var table = new Table(">WORKERS", ">SLOTS", "", ">BUSY", ">IDLE", ">OUT OF SERVICE", "OFFERED");
        foreach (PoolInfo pool in pools.OrderByDescending(pool => pool.Slots))
        {
            table.Add(
                Words.Number(pool.Workers),
                Words.Number(pool.Slots),
                terminal.IsInteractive ? Words.Bar(pool.BusySlots, pool.Slots, BarWidth) : "",
                Words.Number(pool.BusySlots),
                Words.Number(pool.IdleSlots),
                pool.OutOfService == 0 ? "-" : new Cell(Words.Number(pool.OutOfService), Tone.Bad),
                PlatformText.Of(pool.Platform));
        }

        table.Write(terminal);
    }

    private static void ShowBuilds(ListQueuesResponse answer, Terminal terminal)
    {
        if (answer.Queues.Count == 0)
            terminal.WriteLine("nothing waits for such a platform, and nothing that asked for it runs; 'remoteexec queue list' has all platforms", Tone.Faint);
        foreach (QueueInfo queue in answer.Queues)
        {
            string oldest = queue.Oldest is null ? "" : $" (the oldest for {Words.Age(queue.Oldest.ToTimeSpan())})";
            terminal.WriteLine(PlatformText.Of(queue.Platform), Tone.Strong);
            terminal.WriteLine(
                $"{Words.Number(queue.Queued)} queued{oldest}, {Words.Number(queue.Running)} running; {Words.Count(queue.Workers, "worker")} with {Words.Count(queue.Slots, "slot")}, {Words.Number(queue.IdleSlots)} idle");
            var table = new Table(">QUEUED", ">RUNNING", "CLASS", "BUILD", "TENANT");
            foreach (BuildInfo build in queue.Builds)
                table.Add(Words.Number(build.Queued), Words.Number(build.Running), build.BuildClass, OrDash(build.Build), OrDash(build.Tenant));
            table.Write(terminal);
            if (queue.OtherBuilds > 0)
                terminal.WriteLine($"and {Words.Count(queue.OtherBuilds, "more build")}", Tone.Faint);
            terminal.WriteLine("");
        }
    }

    private static string OrDash(string text) => text.Length == 0 ? "-" : text;
}
