namespace RemoteExec.Cas.Stores.S3;

/// <summary>The prefix of a bucket belongs to another node, which relies on being alone with it.</summary>
public sealed class PrefixOwnedException(string bucket, string prefix, string owner)
    : CasException($"the prefix '{prefix}' of bucket '{bucket}' belongs to the node {owner}. Choose another prefix; or, if that node is gone for good, set takeOver: true")
{
    /// <summary>The node.</summary>
    public string Owner { get; } = owner;
}
