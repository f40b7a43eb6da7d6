using System.Text.Json.Serialization;
using RemoteExec.Builds.Critical;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Records;
using RemoteExec.Server.Api.Stores;

namespace RemoteExec.Server.Api;

/// <summary>What the API takes and answers, as JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(WordConverter<ActionOutcome>), typeof(WordConverter<BuildStatus>), typeof(WordConverter<TargetStatus>), typeof(WordConverter<TestStatus>)])]
[JsonSerializable(typeof(ActionView))]
[JsonSerializable(typeof(ApiProblem))]
[JsonSerializable(typeof(BuildDetails))]
[JsonSerializable(typeof(BuildStats))]
[JsonSerializable(typeof(CriticalPath))]
[JsonSerializable(typeof(DirectoryView))]
[JsonSerializable(typeof(Page<ActionSummary>), TypeInfoPropertyName = "ActionPage")]
[JsonSerializable(typeof(Page<BuildSummary>), TypeInfoPropertyName = "BuildPage")]
[JsonSerializable(typeof(Page<TargetReport>), TypeInfoPropertyName = "TargetPage")]
[JsonSerializable(typeof(Page<TestReport>), TypeInfoPropertyName = "TestPage")]
[JsonSerializable(typeof(ServerView))]
[JsonSerializable(typeof(StoresView))]
internal sealed partial class ApiJson : JsonSerializerContext;
