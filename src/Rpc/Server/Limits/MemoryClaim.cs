namespace RemoteExec.Rpc.Server.Limits;

/// <summary>
/// Whose turn it is among those who wait for memory: first whose address has no more than its share, and of these who would hold least. So nobody gets at the head of the queue by opening many
/// streams, or many connections.
/// </summary>
/// <param name="IsGreedy">Whether all connections of the address together hold more than a quarter of all memory, and there are other addresses.</param>
/// <param name="IsModest">Whether the connection would hold about as much as others, and its address is not greedy: a part of the memory is for these alone.</param>
/// <param name="Bytes">What the connection would hold, with all that it waits for.</param>
internal readonly record struct MemoryClaim(bool IsGreedy, bool IsModest, long Bytes) : IComparable<MemoryClaim>
{
    /// <inheritdoc/>
    public int CompareTo(MemoryClaim other) => (IsGreedy, Bytes).CompareTo((other.IsGreedy, other.Bytes));
}
