namespace RemoteExec.Trees.Remote;

/// <summary>A reference was moved by somebody else, between when it was read and when it was to be set.</summary>
/// <param name="name">The reference.</param>
public sealed class ReferenceMovedException(string name) : Exception($"'{name}' was moved by somebody else meanwhile: look at what it names now, and try again");
