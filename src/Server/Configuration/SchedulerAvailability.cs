namespace RemoteExec.Server.Configuration;

/// <summary>Who takes over when a scheduler is gone.</summary>
internal enum SchedulerAvailability
{
    /// <summary>Nobody.</summary>
    None,

    /// <summary>Another server with the same Redis.</summary>
    Redis,
}
