namespace RemoteExec.Execution.Scheduling;

/// <summary>What the properties of an action's platform mean. Actions with the same properties share one.</summary>
/// <param name="Platform">What its worker has to offer.</param>
/// <param name="Asked">How much it takes of its worker; 0 where it does not say.</param>
/// <param name="CriticalPath">How many seconds the build needs from here on at least, as the client thinks; of equal priority, more goes first. 0 if it does not say.</param>
/// <param name="Message">The properties as they came.</param>
internal sealed record PlatformWish(PlatformKey Platform, Resources Asked, double CriticalPath, Reapi.Platform? Message)
{
    /// <summary>Asks for nothing.</summary>
    public static PlatformWish None { get; } = new(PlatformKey.Any, default, 0, null);
}
