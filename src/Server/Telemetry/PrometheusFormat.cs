using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace RemoteExec.Server.Telemetry;

/// <summary>The ways to write metrics that a scraper may ask for.</summary>
internal enum PrometheusFormat
{
    /// <summary>The text format of Prometheus, version 0.0.4.</summary>
    Text,

    /// <summary>OpenMetrics 1.0, which has exemplars.</summary>
    OpenMetrics,
}

/// <summary>What belongs to a <see cref="PrometheusFormat"/>.</summary>
internal static class PrometheusFormats
{
    private const string OpenMetricsType = "application/openmetrics-text";

    /// <summary>The <c>Content-Type</c> of a format.</summary>
    public static string ContentType(this PrometheusFormat format) => format == PrometheusFormat.OpenMetrics
        ? $"{OpenMetricsType}; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The format that the <c>Accept</c> headers of a request prefer: OpenMetrics only if it is asked for by its name, in version 1.0.0 or in any.</summary>
    public static PrometheusFormat OfAccept(StringValues accept)
    {
        if (!MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out IList<MediaTypeHeaderValue>? types))
            return PrometheusFormat.Text;
        double openMetrics = types.Where(IsOpenMetrics).Select(type => type.Quality ?? 1).DefaultIfEmpty(0).Max();
        double text = types.Where(type => type.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase)).Select(type => type.Quality ?? 1).DefaultIfEmpty(0).Max();
        return openMetrics > 0 && openMetrics >= text ? PrometheusFormat.OpenMetrics : PrometheusFormat.Text;
    }

    private static bool IsOpenMetrics(MediaTypeHeaderValue type) =>
        type.MediaType.Equals(OpenMetricsType, StringComparison.OrdinalIgnoreCase)
        && (type.Parameters.FirstOrDefault(parameter => parameter.Name.Equals("version", StringComparison.OrdinalIgnoreCase))?.Value.Value ?? "1.0.0").Trim('"') == "1.0.0";
}
