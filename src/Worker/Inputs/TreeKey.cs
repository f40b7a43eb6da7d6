using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>Which cached tree: a directory with all beneath it, and whom the directories belong to, which is null for the worker's own user.</summary>
internal readonly record struct TreeKey(Digest Digest, uint? Owner);
