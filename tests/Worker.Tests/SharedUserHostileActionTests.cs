namespace RemoteExec.Worker.Tests;

/// <summary>Hostile actions that run as the worker's user.</summary>
public sealed class SharedUserHostileActionTests() : HostileActionTests("directory", separateUsers: false);
