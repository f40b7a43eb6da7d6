using RemoteExec.Protocol;

namespace RemoteExec.Builds.Records;

/// <summary>What became known of an action in a build within some time: several of them make up what is known of it. Times are milliseconds, since 1970 or as lengths.</summary>
internal struct ActionDelta
{
    /// <summary>The action, without its instance, which is the build's.</summary>
    public Digest Digest;

    /// <summary>What happened.</summary>
    public ActionFlags Flags;

    /// <summary>When it was first heard of, within this time.</summary>
    public long First;

    /// <summary>When it was last heard of.</summary>
    public long Last;

    /// <summary>What kind of action it is; empty if that is not known, as with the texts below.</summary>
    public string Mnemonic;

    /// <summary>The target it is for.</summary>
    public string Target;

    /// <summary>The configuration of the target.</summary>
    public string Configuration;

    /// <summary>Who ran it.</summary>
    public string Worker;

    /// <summary>How its execution ended, in a word.</summary>
    public string Ending;

    /// <summary>Its exit code.</summary>
    public int ExitCode;

    /// <summary>From the queue to the worker; -1 if that is not known, as with the lengths below.</summary>
    public long Queue;

    /// <summary>Fetching inputs.</summary>
    public long Fetch;

    /// <summary>Running the command: now, or when the result was made that was found.</summary>
    public long Run;

    /// <summary>Uploading outputs.</summary>
    public long Upload;

    /// <summary>Bytes sent to the client.</summary>
    public long BytesSent;

    /// <summary>Bytes that the client sent.</summary>
    public long BytesReceived;
}
