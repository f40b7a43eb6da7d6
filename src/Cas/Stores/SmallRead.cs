namespace RemoteExec.Cas.Stores;

/// <summary>What came of reading a small blob at another server together with others.</summary>
/// <param name="IsAnswered">False if it is to be read in another way.</param>
/// <param name="Content">Null if the blob is absent.</param>
internal readonly record struct SmallRead(bool IsAnswered, byte[]? Content);
