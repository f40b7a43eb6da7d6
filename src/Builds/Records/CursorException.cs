namespace RemoteExec.Builds.Records;

/// <summary>A cursor is none that a page came with.</summary>
public sealed class CursorException() : Exception("the cursor is none that came with a page: leave it out to begin with the first one");
