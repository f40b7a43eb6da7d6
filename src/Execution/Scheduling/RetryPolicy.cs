namespace RemoteExec.Execution.Scheduling;

/// <summary>Whether an action whose attempt failed gets another, and after what time.</summary>
/// <param name="MaxAttempts">The number of attempts in all.</param>
/// <param name="FirstDelay">The rest after the first attempt, at most; each further one doubles it.</param>
/// <param name="LongestDelay">The bound on a rest.</param>
internal sealed record RetryPolicy(int MaxAttempts, TimeSpan FirstDelay, TimeSpan LongestDelay)
{
    private const int MostDoublings = 30;

    // Multiples of the golden ratio, without their whole part, lie evenly between 0 and 1, however many there are.
    private const double GoldenRatio = 0.6180339887498949;

    /// <summary>True if one more attempt is allowed after this many: an action that kills its workers must not go through all of them.</summary>
    public bool AllowsAnother(int attempts) => attempts < MaxAttempts;

    /// <summary>
    /// How long an execution rests after so many attempts: between half and all of a time that doubles with each. Its number decides where between
    /// them, so that those which failed together do not come back together.
    /// </summary>
    public TimeSpan DelayAfter(int attempts, long executionId)
    {
        double most = Math.Min(FirstDelay.Ticks * Math.Pow(2, Math.Min(attempts - 1, MostDoublings)), LongestDelay.Ticks);
        double place = executionId * GoldenRatio % 1;
        return TimeSpan.FromTicks((long)(most * (1 + place) / 2));
    }
}
