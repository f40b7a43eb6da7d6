using System.Text.Json;
using System.Text.Json.Serialization;

namespace RemoteExec.Builds.Explain;

/// <summary>Members of an enumeration as words in camelCase, as all names in JSON here.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
internal sealed class EnumWords<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
