using RemoteExec.Runs.Determinism;

namespace RemoteExec.Server.Cli.Runs;

/// <summary>What makes outputs differ, in words, and what can be done about it.</summary>
internal static class CauseWords
{
    /// <summary>What it is called.</summary>
    public static string NameOf(DifferenceCause cause) => cause switch
    {
        DifferenceCause.Timestamp => "a time",
        DifferenceCause.FileTimes => "times of files",
        DifferenceCause.Owners => "owners of files",
        DifferenceCause.Order => "order",
        DifferenceCause.Path => "a path",
        DifferenceCause.HostName => "a host name",
        DifferenceCause.RandomId => "a random name",
        _ => "a number",
    };

    /// <summary>What to change.</summary>
    public static string AdviceOn(DifferenceCause cause) => cause switch
    {
        DifferenceCause.Timestamp => "the time of the run is written; many tools take SOURCE_DATE_EPOCH instead, C compilers warn with -Wdate-time",
        DifferenceCause.FileTimes => "archives keep when files were written; tar --mtime=@0, ar with D (ranlib -D), gzip -n, zip after touch -d @0 and with -X",
        DifferenceCause.Owners => "archives keep whose files are; tar --owner=0 --group=0 --numeric-owner, ar with D",
        DifferenceCause.Order => "the same in another order, as directories and hash tables have it; sort before writing, tar --sort=name",
        DifferenceCause.Path => "where it ran is written; write relative paths, or map them: -ffile-prefix-map, --remap-path-prefix, -trimpath",
        DifferenceCause.HostName => "the machine is named in it; leave that away, or set what the tool takes for it",
        DifferenceCause.RandomId => "names that are made at random; give the tool a seed or a name that follows from its inputs (-frandom-seed for gcc)",
        _ => "a process id, a counter or a random number; leave it away, or seed it",
    };
}
