namespace RemoteExec.Execution.Scheduling;

/// <summary>On whose turn an action runs: a tenant, one of the two classes of builds, a build.</summary>
/// <param name="Tenant">The instance, or the part of its name that has a weight.</param>
/// <param name="Class">Whether somebody sits and waits for it.</param>
/// <param name="Build">The invocation's id; empty for clients that name none.</param>
internal readonly record struct Requester(string Tenant, BuildClass Class, string Build);
