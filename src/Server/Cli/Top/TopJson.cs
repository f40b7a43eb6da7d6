using System.Text.Json.Serialization;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Records;
using RemoteExec.Server.Api;

namespace RemoteExec.Server.Cli.Top;

/// <summary>Snapshots as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(WordConverter<ActionOutcome>), typeof(WordConverter<BuildStatus>)])]
[JsonSerializable(typeof(TopSnapshot))]
internal sealed partial class TopJson : JsonSerializerContext;
