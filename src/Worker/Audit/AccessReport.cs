using RemoteExec.Native;
using RemoteExec.Protocol.Audits;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Audit;

/// <summary>Sorts what an action looked at by what it has to do with its inputs. Used once, after the action has ended.</summary>
/// <param name="root">Where the action saw its input root.</param>
/// <param name="left">The root as it left it, for the worker; null if it was stopped.</param>
/// <param name="inputs">Its inputs; null if they are too many to say anything about.</param>
/// <param name="image">Its root file system, for the worker; null for the host's tools.</param>
/// <param name="host">What it could see of the host.</param>
/// <param name="kept">The directories that are kept from action to action, where the action saw them.</param>
internal sealed class AccessReport(string root, string? left, InputListing? inputs, string? image, HostMounts host, string[] kept)
{
    private const int MaxUnread = 10_000;
    private const int GroupDepth = 3; // /usr/lib/gcc, /usr/include/c++: about what packages are

    private static readonly string[] own = ["/tmp", "/dev/shm", "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr"];
    private static readonly string[] ofTheKernel = ["/proc", "/sys", "/dev"];
    private static readonly string[] ofTheSandbox = ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf"]; // the same everywhere

    private readonly SortedSet<string> network = new(StringComparer.Ordinal);
    private readonly SortedSet<string> outside = new(StringComparer.Ordinal);
    private readonly SortedSet<string> programs = new(StringComparer.Ordinal);
    private readonly SortedSet<string> kernel = new(StringComparer.Ordinal);
    private readonly SortedSet<string> calls = new(StringComparer.Ordinal);
    private readonly SortedSet<string> absent = new(StringComparer.Ordinal);
    private readonly HashSet<string> read = new(StringComparer.Ordinal);
    private HashSet<string> written = [];

    /// <summary>Makes the report.</summary>
    public Accesses Make(IReadOnlyCollection<Access> accesses)
    {
        written = [.. accesses.Where(access => access.Kind == AccessKind.Written).Select(access => Path.GetFullPath(access.Name))];
        foreach (Access access in accesses)
            Sort(access);
        string[] unread = inputs is null ? [] : [.. inputs.Files.Where(file => !read.Contains(file)).Order(StringComparer.Ordinal)];
        var report = new Accesses
        {
            Inputs = inputs?.Files.Count ?? 0,
            InputsRead = read.Count,
            InputsUnknown = inputs is null,
            Incomplete = accesses.Any(access => access.Kind == AccessKind.Cut),
        };
        report.Network.Add(network);
        (image is null ? report.Host : report.Image).Add(outside);
        if (image is null)
            report.HostDirectories.Add(outside.GroupBy(GroupOf).Select(group => new Accesses.Types.Directory { Path = group.Key, Files = group.Count() }));
        report.Programs.Add(programs);
        report.Kernel.Add(kernel);
        report.MachineCalls.Add(calls);
        report.Absent.Add(absent);
        report.UnreadInputs.Add(unread.Take(MaxUnread));
        return report;
    }

    private void Sort(Access access)
    {
        switch (access.Kind)
        {
            case AccessKind.Network:
                network.Add(access.Name);
                break;
            case AccessKind.MachineCall:
                calls.Add(access.Name);
                break;
            case AccessKind.Cut:
                break;
            default:
                SortPath(access, Path.GetFullPath(access.Name));
                break;
        }
    }

    private void SortPath(Access access, string path)
    {
        if (path == "/" || IsBelowAny(path, own) || IsBelowAny(path, kept) || IsBelowAny(path, ofTheSandbox) || root.StartsWith($"{path}/", StringComparison.Ordinal))
            return;
        if (PathInRoot.IsInside(root, path))
            SortInside(access, path);
        else if (IsBelowAny(path, ofTheKernel))
            kernel.Add(path);
        else if (IsThere(access.Name, path))
            Note(outside, access, path);
        else
            absent.Add(path);
    }

    private void SortInside(Access access, string path)
    {
        string relative = Path.GetRelativePath(root, path);
        string? place = inputs is null ? relative : inputs.Resolve(root, PathInRoot.IsInside(root, access.Name) ? access.Name[root.Length..] : relative);
        if (place is not null && inputs?.Files.Contains(place) == true)
        {
            if (access.Kind is AccessKind.Read or AccessKind.Executed)
                read.Add(place);
        }
        else if (place is null || (inputs?.HasOther(place) != true && !written.Contains(path) && !WasMade(place)))
        {
            absent.Add(path);
            return;
        }

        Note(null, access, path);
    }

    private void Note(SortedSet<string>? list, Access access, string path)
    {
        list?.Add(path);
        if (access.Kind == AccessKind.Executed)
            programs.Add(path);
    }

    // Whether it was there before the action made it can't be known any more, but then it is not an input either.
    private bool WasMade(string place) => left is not null && FileStatus.Of($"{left}/{place}") is not null;

    private bool IsThere(string used, string path)
    {
        if (image is not null)
            return PathInRoot.Resolve(image, path[1..], followLast: true, seenAs: "") is { } inImage && FileStatus.Of(inImage) is not null;
        bool isShown = host.Places.Any(place => PathInRoot.IsInside(place.Path, path) || place.Path.StartsWith($"{path}/", StringComparison.Ordinal));
        return isShown && FileStatus.Of(used) is not null;
    }

    private static bool IsBelowAny(string path, string[] places) => places.Any(place => PathInRoot.IsInside(place, path));

    private static string GroupOf(string path)
    {
        string[] segments = path.Split('/');
        return string.Join('/', segments.Take(Math.Min(GroupDepth + 1, Math.Max(2, segments.Length - 1))));
    }
}
