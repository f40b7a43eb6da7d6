using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Worker.Sandbox;

/// <summary>What a program in a sandbox reads: an open file, or a terminal, which is its output, its errors and what steers its session as well. Both stay the caller's.</summary>
/// <param name="File">The open file.</param>
/// <param name="Terminal">Where the terminal is on this machine; null if it is none.</param>
internal sealed record SandboxInput(SafeFileHandle File, string? Terminal = null);
