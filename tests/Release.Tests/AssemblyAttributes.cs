using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]

// Each of these builds everything: one after the other is faster than all at once.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
