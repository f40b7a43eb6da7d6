using System.Text.Json;
using System.Text.Json.Serialization;

namespace RemoteExec.Server.Api;

/// <summary>The values of an enum as words: <c>failedToBuild</c>.</summary>
internal sealed class WordConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase)
    where T : struct, Enum;
