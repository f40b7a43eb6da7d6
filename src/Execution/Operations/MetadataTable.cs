using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Operations;

/// <summary>
/// Makes request metadata small that is kept as long as its operation: the operations of a build share what they have in common, and the action's id is left out where it is its digest, as with
/// Bazel. Thread-safe.
/// </summary>
internal sealed class MetadataTable
{
    private const int MostRemembered = 50_000;
    private const string SameAsAction = "="; // stands for the hash of the action
    private readonly Lock gate = new(); // guards the tables
    private readonly RecentMap<string, string> texts = new(MostRemembered);
    private readonly RecentMap<Reapi.ToolDetails, Reapi.ToolDetails> tools = new(1000);

    /// <summary>The same, small; null if there is none.</summary>
    public Reapi.RequestMetadata? Share(Reapi.RequestMetadata? metadata, Digest action)
    {
        if (metadata is null)
            return null;
        lock (gate)
        {
            return new Reapi.RequestMetadata
            {
                ToolDetails = metadata.ToolDetails is { } tool ? Share(tools, tool) : null,
                ActionId = metadata.ActionId == action.Hash ? SameAsAction : metadata.ActionId,
                ToolInvocationId = Share(texts, metadata.ToolInvocationId),
                CorrelatedInvocationsId = Share(texts, metadata.CorrelatedInvocationsId),
                ActionMnemonic = Share(texts, metadata.ActionMnemonic),
                TargetId = Share(texts, metadata.TargetId),
                ConfigurationId = Share(texts, metadata.ConfigurationId),
            };
        }
    }

    /// <summary>What was left out is there again.</summary>
    public static Reapi.RequestMetadata? Complete(Reapi.RequestMetadata? metadata, Digest action)
    {
        if (metadata is not { ActionId: SameAsAction })
            return metadata;
        Reapi.RequestMetadata complete = metadata.Clone();
        complete.ActionId = action.Hash;
        return complete;
    }

    private static T Share<T>(RecentMap<T, T> table, T value)
        where T : notnull
    {
        if (table.TryGet(value, out T? known))
            return known;
        table.Set(value, value);
        return value;
    }
}
