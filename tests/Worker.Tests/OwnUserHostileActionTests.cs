namespace RemoteExec.Worker.Tests;

/// <summary>Hostile actions with a user for each.</summary>
public sealed class OwnUserHostileActionTests() : HostileActionTests("directory", separateUsers: true);
