using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Execution.Provenance;

/// <summary>Messages that stand beside a result.</summary>
internal static class Statements
{
    /// <summary>Those of a kind that can be read.</summary>
    public static IEnumerable<T> All<T>(Reapi.ExecutedActionMetadata? metadata)
        where T : class, IMessage<T>, new() => (metadata?.AuxiliaryMetadata ?? []).Select(TryUnpack<T>).OfType<T>();

    /// <summary>Takes away what was signed.</summary>
    public static void Remove(Reapi.ExecutedActionMetadata metadata)
    {
        Any[] others = [.. metadata.AuxiliaryMetadata.Where(any => !any.Is(Protocol.Provenances.Provenance.Descriptor))];
        metadata.AuxiliaryMetadata.Clear();
        metadata.AuxiliaryMetadata.Add(others);
    }

    /// <summary>True if two results are the same but for what was signed of them.</summary>
    public static bool AreSameBeside(Reapi.ActionResult one, Reapi.ActionResult other) => Without(one).Equals(Without(other));

    private static T? TryUnpack<T>(Any any)
        where T : class, IMessage<T>, new()
    {
        try
        {
            return any.TryUnpack(out T message) ? message : null;
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }

    private static Reapi.ActionResult Without(Reapi.ActionResult result)
    {
        Reapi.ActionResult copy = result.Clone();
        if (copy.ExecutionMetadata is { } metadata)
            Remove(metadata);
        return copy;
    }
}
