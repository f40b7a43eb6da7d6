using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]

[assembly: CollectionBehavior(typeof(RemoteExec.EndToEnd.Tests.Lanes), MaxParallelThreads = 2)]
