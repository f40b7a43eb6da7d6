namespace RemoteExec.Runs.Determinism.Archives;

/// <summary>What an archive has of one name.</summary>
/// <param name="Name">The name.</param>
/// <param name="Content">Its content.</param>
/// <param name="Aspects">What else is written of it: <c>time</c>, <c>owner</c>, <c>mode</c> and so on, as people read it.</param>
internal sealed record ArchiveMember(string Name, byte[] Content, IReadOnlyList<(string Name, string Value)> Aspects);
