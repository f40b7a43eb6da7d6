using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]
[assembly: AssemblyFixture(typeof(S3Gateway))]
