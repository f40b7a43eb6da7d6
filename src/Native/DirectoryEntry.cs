namespace RemoteExec.Native;

/// <summary>What a directory has under one name.</summary>
/// <param name="Name">The name; if it is no UTF-8, what can be shown of it.</param>
/// <param name="IsUtf8">False if the name is no UTF-8: then it can't be asked for by <paramref name="Name"/>.</param>
/// <param name="Status">What it is.</param>
internal readonly record struct DirectoryEntry(string Name, bool IsUtf8, FileStatus Status);
