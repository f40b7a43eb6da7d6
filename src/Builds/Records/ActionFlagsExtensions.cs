namespace RemoteExec.Builds.Records;

/// <summary>What flags mean together.</summary>
internal static class ActionFlagsExtensions
{
    /// <summary>What came of the action; null if nothing has happened with it yet.</summary>
    public static ActionOutcome? ToOutcome(this ActionFlags flags) =>
        Has(flags, ActionFlags.Failed) ? ActionOutcome.Failed
        : Has(flags, ActionFlags.Executed) ? ActionOutcome.Executed
        : Has(flags, ActionFlags.Merged) ? ActionOutcome.Merged
        : Has(flags, ActionFlags.Hit | ActionFlags.Cached) ? ActionOutcome.Hit
        : Has(flags, ActionFlags.Stored) ? ActionOutcome.Stored
        : Has(flags, ActionFlags.Miss) ? ActionOutcome.Miss
        : null;

    private static bool Has(ActionFlags flags, ActionFlags any) => (flags & any) != 0;
}
