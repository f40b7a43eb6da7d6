using RemoteExec.Python.Names;

namespace RemoteExec.Python.Index;

/// <summary>What wheels are to become builds of.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Revision">What they were made of: letters and digits of a commit.</param>
/// <param name="WorkDirectory">Where files may be made.</param>
public sealed record ChannelBuild(ChannelName Channel, string Revision, string WorkDirectory);
