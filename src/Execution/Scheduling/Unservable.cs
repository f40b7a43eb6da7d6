using RemoteExec.Execution.Operations;

namespace RemoteExec.Execution.Scheduling;

/// <summary>Why no worker takes a platform, in words that name the property (PLT-01).</summary>
internal static class Unservable
{
    private const int MostListed = 20;

    /// <summary>
    /// Explains a platform that none of these groups satisfies: a name nobody knows is the client's mistake, a value may be only absent now.
    /// </summary>
    public static Outcome.Failed Explain(PlatformKey wanted, IReadOnlyCollection<WorkerGroup> groups)
    {
        foreach ((string name, string value) in wanted.Properties)
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
                    FailureKind.NoWorker, $"no worker offers the platform property {name}={value}; values offered: {Join(values)}");
            }
        }

        return new Outcome.Failed(FailureKind.NoWorker, $"no worker offers all of these platform properties together: {wanted}");
    }

    /// <summary>Explains that a platform was waited for in vain.</summary>
    public static Outcome.Failed Waited(PlatformKey wanted, TimeSpan time) => new(
        FailureKind.NoWorker,
        $"no worker with the platform {wanted} was connected for {time.TotalSeconds:0} s: start one, or ask for another platform");

    private static string[] List(IEnumerable<string> values) =>
        [.. values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(MostListed + 1)];

    private static string Join(string[] values) =>
        values.Length == 0 ? "(none)" : string.Join(", ", values.Take(MostListed)) + (values.Length > MostListed ? ", …" : "");
}
