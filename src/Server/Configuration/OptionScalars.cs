using System.Globalization;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Redis;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Configuration;

/// <summary>How a single value of the configuration is read and written, by the type of the property.</summary>
internal static class OptionScalars
{
    private static readonly Dictionary<Type, Func<string, (object? Value, string? Error)>> parsers = new()
    {
        [typeof(string)] = text => text.Length > 0 ? (text, null) : (null, "is empty: write something, or leave it out"),
        [typeof(bool)] = text => text is "true" or "false" ? (text == "true", null) : (null, $"'{text}' is neither true nor false"),
        [typeof(int)] = text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? (number, null)
            : (null, $"'{text}' is no whole number"),
        [typeof(double)] = text => double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out double number)
            ? (number, null)
            : (null, $"'{text}' is no number"),
        [typeof(ByteSize)] = text => ByteSize.TryParse(text, out ByteSize size, out string? error) ? (size, null) : (null, error),
        [typeof(StoreSize)] = text => StoreSize.TryParse(text, out StoreSize size, out string? error) ? (size, null) : (null, error),
        [typeof(MemorySize)] = text => MemorySize.TryParse(text, out MemorySize size, out string? error) ? (size, null) : (null, error),
        [typeof(TimeSpan)] = text => Duration.TryParse(text, out TimeSpan duration, out string? error) ? (duration, null) : (null, error),
        [typeof(Durability)] = ParseEnum<Durability>,
        [typeof(SegmentCompression)] = ParseEnum<SegmentCompression>,
        [typeof(S3Encryption)] = ParseEnum<S3Encryption>,
        [typeof(S3Acknowledgement)] = ParseEnum<S3Acknowledgement>,
        [typeof(ChunkingMode)] = ParseEnum<ChunkingMode>,
        [typeof(SlowWrites)] = ParseEnum<SlowWrites>,
        [typeof(SlowDown)] = ParseEnum<SlowDown>,
        [typeof(ShardNodeState)] = ParseEnum<ShardNodeState>,
        [typeof(RedisTopology)] = ParseEnum<RedisTopology>,
        [typeof(SchedulerAvailability)] = ParseEnum<SchedulerAvailability>,
        [typeof(DifferencePolicy)] = ParseEnum<DifferencePolicy>,
        [typeof(BuildClass)] = ParseEnum<BuildClass>,
        [typeof(OtlpProtocol)] = ParseEnum<OtlpProtocol>,
        [typeof(LogFormat)] = ParseEnum<LogFormat>,
        [typeof(ListenAddress)] = text => ListenAddress.TryParse(text, out ListenAddress? address, out string? error) ? (address, null) : (null, error),
    };

    /// <summary>True if a property of this type is written as a single value.</summary>
    public static bool Contains(Type type) => parsers.ContainsKey(type);

    /// <summary>Parses a value; <paramref name="error"/> is null if that went well.</summary>
    public static object? Parse(Type type, string text, out string? error)
    {
        (object? value, error) = parsers[type](text);
        return value;
    }

    /// <summary>The value as it would be written.</summary>
    public static string Format(object value) => value switch
    {
        bool boolean => boolean ? "true" : "false",
        TimeSpan duration => Duration.Format(duration),
        string text => text,
        Enum one => char.ToLowerInvariant(one.ToString()[0]) + one.ToString()[1..],
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static (object? Value, string? Error) ParseEnum<T>(string text)
        where T : struct, Enum
    {
        Dictionary<string, object> known = Enum.GetValues<T>().ToDictionary(value => Format(value), value => (object)value, StringComparer.Ordinal);
        return known.TryGetValue(text, out object? value) ? (value, null) : (null, $"'{text}' is none of {string.Join(", ", known.Keys)}");
    }
}
