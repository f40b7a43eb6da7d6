using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]

// Each Bazel takes all cores it finds: one after the other is faster than all at once, and says where the time goes.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
