namespace RemoteExec.Trees.Deploy;

/// <summary>Shows how far something is.</summary>
/// <param name="bytes">All of it.</param>
/// <param name="work">Does it, and tells of bytes that are done.</param>
public delegate Task ProgressOfBytes(long bytes, Func<IProgress<long>, Task> work);
