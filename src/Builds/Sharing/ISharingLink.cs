namespace RemoteExec.Builds.Sharing;

/// <summary>The link between a file and other servers, whatever they tell each other.</summary>
internal interface ISharingLink : IAsyncDisposable
{
    /// <summary>When others were last asked what they have told; null if that never went well.</summary>
    DateTimeOffset? LastHeard { get; }

    /// <summary>What Redis says that goes on refusing; null if it does not.</summary>
    string? Problem { get; }

    /// <summary>How many batches wait to be sent.</summary>
    long Waiting { get; }

    /// <summary>Carries nothing more, so that the file can be written for the last time.</summary>
    Task StopAsync();
}
