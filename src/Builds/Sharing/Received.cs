namespace RemoteExec.Builds.Sharing;

/// <summary>What another server has told.</summary>
/// <param name="Origin">The file that it comes from.</param>
/// <param name="Sequence">Its number among those of that file.</param>
/// <param name="Message">What it tells; null if it is one's own, or not understood.</param>
internal readonly record struct Received<T>(string Origin, long Sequence, T? Message)
    where T : class;
