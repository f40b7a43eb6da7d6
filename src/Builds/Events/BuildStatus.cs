namespace RemoteExec.Builds.Events;

/// <summary>How a build is, as its client says.</summary>
public enum BuildStatus
{
    /// <summary>It goes on.</summary>
    Running,

    /// <summary>It ended well.</summary>
    Succeeded,

    /// <summary>It ended otherwise: something could not be built, a test failed, the command made no sense.</summary>
    Failed,

    /// <summary>Somebody has stopped it.</summary>
    Interrupted,

    /// <summary>Its client was not heard of any more, or left without saying how it ended (BES-06).</summary>
    Expired,
}
