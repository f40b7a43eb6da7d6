using System.Globalization;
using RemoteExec.Execution.Operations;

namespace RemoteExec.Execution.Scheduling;

/// <summary>Why no worker takes an action, in words that name the property (PLT-01).</summary>
internal static class Unservable
{
    private const int MostListed = 20;

    /// <summary>
    /// Explains why none of these groups could ever run what asks for this; null if one could. A name nobody knows is the client's mistake, a value may be only absent now.
    /// </summary>
    public static Outcome.Failed? Explain(PlatformWish wanted, IReadOnlyCollection<WorkerGroup> groups)
    {
        WorkerGroup[] fitting = [.. groups.Where(group => group.Satisfies(wanted.Platform))];
        if (fitting.Length > 0)
        {
            WorkerGroup[] connected = [.. fitting.Where(group => group.IsConnected)];
            return connected.Length == 0 || connected.Any(group => group.CouldHold(wanted.Asked)) ? null : TooBig(wanted.Asked, connected);
        }

        foreach ((string name, string value) in wanted.Platform.Properties)
        {
            string[] values = List(groups.SelectMany(group => group.ValuesOf(name)));
            if (values.Length == 0)
            {
                string[] names = List(groups.SelectMany(group => group.PropertyNames));
                return new Outcome.Failed(
                    FailureKind.InvalidAction,
                    $"no worker knows the platform property '{name}' (asked for as '{value}'); properties that workers offer: {Join(names)}");
            }

            if (!groups.Any(group => group.Offers(name, value)))
            {
                return new Outcome.Failed(
                    FailureKind.NoWorker,
                    $"no worker offers the platform property {name}={value}; values offered: {Join(values)}{Nearest(wanted.Platform, groups)}");
            }
        }

        return new Outcome.Failed(
            FailureKind.NoWorker, $"no worker offers all of these platform properties together: {wanted.Platform}{Nearest(wanted.Platform, groups)}");
    }

    /// <summary>Explains that a platform was waited for in vain.</summary>
    public static Outcome.Failed Waited(PlatformKey wanted, TimeSpan time) => new(
        FailureKind.NoWorker,
        $"no worker with the platform {wanted} was connected for {time.TotalSeconds:0} s: start one, or ask for another platform");

    private static Outcome.Failed TooBig(Resources asked, WorkerGroup[] fitting)
    {
        WorkerNode[] workers = [.. fitting.SelectMany(group => group.Workers.Values)];
        WorkerNode nearest = workers.MaxBy(worker => (
            worker.Capacity!.Value.CpuMillis >= asked.CpuMillis, worker.Capacity.Value.MemoryBytes >= asked.MemoryBytes,
            worker.Capacity.Value.CpuMillis, worker.Capacity.Value.MemoryBytes))!;
        Resources most = nearest.Capacity!.Value;
        string lack = most.CpuMillis < asked.CpuMillis
            ? $"{Cores(asked.CpuMillis)} cores; the nearest, '{nearest.Name}', has {Cores(most.CpuMillis)}"
            : $"{asked.MemoryBytes} bytes of memory; the nearest, '{nearest.Name}', has {most.MemoryBytes}";
        return new Outcome.Failed(FailureKind.NoWorker, $"no worker has {lack}");
    }

    // The worker that lacks least, and what it lacks.
    private static string Nearest(PlatformKey wanted, IReadOnlyCollection<WorkerGroup> groups)
    {
        WorkerGroup? nearest = groups.Where(group => group.IsConnected).MinBy(group => Lacking(wanted, group).Count());
        if (nearest is null)
            return "";
        IEnumerable<string> lacking = Lacking(wanted, nearest).Select(property => nearest.ValuesOf(property.Name) is { Count: > 0 } values
            ? $"{property.Name}={property.Value} (it has {Join(List(values))})"
            : $"{property.Name}={property.Value}");
        return $"; the nearest worker, '{nearest.Workers.Values.MinBy(worker => worker.Name, StringComparer.Ordinal)!.Name}', lacks {string.Join(", ", lacking)}";
    }

    private static IEnumerable<(string Name, string Value)> Lacking(PlatformKey wanted, WorkerGroup group) =>
        wanted.Properties.Where(property => !group.Offers(property.Name, property.Value));

    private static string Cores(long millis) => (millis / (double)Resources.Core).ToString("0.###", CultureInfo.InvariantCulture);

    private static string[] List(IEnumerable<string> values) =>
        [.. values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(MostListed + 1)];

    private static string Join(string[] values) =>
        values.Length == 0 ? "(none)" : string.Join(", ", values.Take(MostListed)) + (values.Length > MostListed ? ", …" : "");
}
