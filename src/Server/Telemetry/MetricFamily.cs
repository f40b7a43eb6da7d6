using System.Text;
using OpenTelemetry.Metrics;

namespace RemoteExec.Server.Telemetry;

/// <summary>How an instrument is called by Prometheus, as OpenTelemetry's compatibility rules say: the unit and, of counters, <c>_total</c> stand at the end of the name.</summary>
/// <param name="Name">The name of the family, without <c>_total</c>.</param>
/// <param name="Type"><c>counter</c>, <c>gauge</c> or <c>histogram</c>.</param>
/// <param name="Unit">The unit at the end of the name; empty if there is none.</param>
internal sealed record MetricFamily(string Name, string Type, string Unit)
{
    private const string Total = "_total";

    /// <summary>The name of the only sample of a counter or a gauge; what the names of the samples of a histogram begin with.</summary>
    public string SampleName => Type == "counter" ? Name + Total : Name;

    /// <summary>The family of an instrument.</summary>
    public static MetricFamily Of(Metric metric) => Of(metric.Name, metric.Unit, metric.MetricType switch
    {
        MetricType.LongSum or MetricType.DoubleSum => "counter",
        MetricType.Histogram or MetricType.ExponentialHistogram => "histogram",
        _ => "gauge",
    });

    /// <summary>The family of an instrument of this name, unit and type.</summary>
    public static MetricFamily Of(string name, string? unit, string type)
    {
        string family = ToName(name);
        if (type == "counter" && family.EndsWith(Total, StringComparison.Ordinal))
            family = family[..^Total.Length];
        string suffix = UnitOf(unit ?? "", type);
        return new MetricFamily(suffix.Length == 0 || family.EndsWith($"_{suffix}", StringComparison.Ordinal) ? family : $"{family}_{suffix}", type, suffix);
    }

    /// <summary>A name that Prometheus takes: what it does not take becomes an underscore, and several of these one.</summary>
    public static string ToName(string name)
    {
        var result = new StringBuilder(name.Length);
        if (name.Length > 0 && char.IsAsciiDigit(name[0]))
            result.Append('_');
        foreach (char character in name)
        {
            bool isTaken = char.IsAsciiLetterOrDigit(character) || character == ':';
            if (isTaken || result.Length == 0 || result[^1] != '_')
                result.Append(isTaken ? character : '_');
        }

        return result.ToString();
    }

    private static string UnitOf(string unit, string type)
    {
        int annotation = unit.IndexOf('{', StringComparison.Ordinal);
        if (annotation >= 0)
            unit = unit[..annotation];
        return unit switch
        {
            "" => "",
            "1" => type == "gauge" ? "ratio" : "",
            "s" => "seconds",
            "ms" => "milliseconds",
            "By" => "bytes",
            "%" => "percent",
            _ => ToName(unit),
        };
    }
}
