namespace RemoteExec.Cas.Composition;

/// <summary>One of the stores that a <see cref="ShardStore"/> is made of.</summary>
/// <param name="Name">What its share follows from: who renames a node moves its share.</param>
/// <param name="Store">The store.</param>
/// <param name="Weight">How large its share is, against the other weights; positive.</param>
/// <param name="State">Whether it is coming, here, or leaving.</param>
public sealed record ShardNode(string Name, IBlobStore Store, int Weight = 1, ShardNodeState State = ShardNodeState.Active);
