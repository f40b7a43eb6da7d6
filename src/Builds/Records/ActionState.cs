namespace RemoteExec.Builds.Records;

/// <summary>What has to be remembered of an action while its build goes on, for it to be counted once. As small as it can be: a build has many.</summary>
internal struct ActionState
{
    /// <summary>The longest time in milliseconds that counts as saved: 24 days.</summary>
    public const int LongestSaved = int.MaxValue;

    /// <summary>What it counts for as a hit, in milliseconds; meaningful for hits alone, and -1 if that is not known.</summary>
    public int Saved;

    /// <summary>When its delta was made; any other number than that of now if it has none.</summary>
    public int Epoch;

    /// <summary>Which of the deltas of <see cref="Epoch"/> is of it.</summary>
    public ushort Delta;

    /// <summary>What happened with it so far.</summary>
    public ActionFlags Flags;

    /// <summary>True if there is one: memory is empty.</summary>
    public bool IsTaken;
}
