namespace RemoteExec.Cas.Stores.S3;

/// <summary>The prefix of a bucket belongs to another node, which relies on being alone with it; or it is shared by nodes, and this one is not told to.</summary>
public sealed class PrefixOwnedException(string bucket, string prefix, string owner, bool isShared)
    : CasException(isShared
        ? $"the prefix '{prefix}' of bucket '{bucket}' is shared by several nodes. Give this one the setting shared that they have, or another prefix"
        : $"the prefix '{prefix}' of bucket '{bucket}' belongs to the node {owner}. Choose another prefix; or, if that node is gone for good or is to share it from now on, set takeOver: true")
{
    /// <summary>The node.</summary>
    public string Owner { get; } = owner;
}
