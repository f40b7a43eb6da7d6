using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>Which input file: the content, and whether it is executable.</summary>
internal readonly record struct FileKey(Digest Digest, bool Executable);
