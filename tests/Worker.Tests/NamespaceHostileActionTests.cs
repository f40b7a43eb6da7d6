namespace RemoteExec.Worker.Tests;

/// <summary>Hostile actions in namespaces, with input roots that are laid out.</summary>
public sealed class NamespacesHostileActionTests() : HostileActionTests("namespaces");

/// <summary>Hostile actions in namespaces, with input roots that are overlays.</summary>
public sealed class CachedTreesHostileActionTests() : HostileActionTests("cached-trees");
