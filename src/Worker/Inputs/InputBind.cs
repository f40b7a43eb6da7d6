namespace RemoteExec.Worker.Inputs;

/// <summary>A part of an input root that is not in its lower layer, but is to be mounted over it, read-only.</summary>
/// <param name="Source">The absolute path of a directory that never changes.</param>
/// <param name="Target">Where it belongs: relative to the input root, without symlinks. The lower layer has an empty directory there.</param>
internal sealed record InputBind(string Source, string Target);
