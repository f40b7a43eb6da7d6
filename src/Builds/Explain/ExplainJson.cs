using System.Text.Json.Serialization;

namespace RemoteExec.Builds.Explain;

/// <summary>Explanations as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true,
    Converters = [typeof(EnumWords<CauseKind>), typeof(EnumWords<InputChangeKind>), typeof(EnumWords<ExplanationConfidence>)])]
[JsonSerializable(typeof(Explanation))]
[JsonSerializable(typeof(BuildCauses))]
public sealed partial class ExplainJson : JsonSerializerContext;
