using System.Text.Json.Serialization;

namespace RemoteExec.Builds.Explain.Logs;

/// <summary>How the log is read.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LoggedSpawn))]
internal sealed partial class LoggedSpawnJson : JsonSerializerContext;
