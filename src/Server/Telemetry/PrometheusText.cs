using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace RemoteExec.Server.Telemetry;

/// <summary>Writes families of metrics and their samples as Prometheus reads them. Not thread-safe.</summary>
/// <param name="format">Which text it is.</param>
/// <param name="sizeHint">How many bytes there may be.</param>
internal sealed class PrometheusText(PrometheusFormat format, int sizeHint)
{
    private const int LongestNumber = 32;
    private readonly ArrayBufferWriter<byte> output = new(Math.Max(sizeHint, 256));
    private bool hasLabels; // of the sample that was begun

    /// <summary>Which text it is.</summary>
    public PrometheusFormat Format => format;

    /// <summary>What was written so far.</summary>
    public ReadOnlyMemory<byte> Written => output.WrittenMemory;

    /// <summary>Begins a family: its samples follow.</summary>
    public void Begin(MetricFamily family, string? description)
    {
        // The older text calls a counter by the name of its sample.
        string name = format == PrometheusFormat.OpenMetrics ? family.Name : family.SampleName;
        Write("# TYPE ", name, " ", family.Type, "\n");
        if (format == PrometheusFormat.OpenMetrics && family.Unit.Length > 0)
            Write("# UNIT ", name, " ", family.Unit, "\n");
        if (string.IsNullOrEmpty(description))
            return;
        Write("# HELP ", name, " ");
        WriteEscaped(description, quotes: format == PrometheusFormat.OpenMetrics);
        Write("\n");
    }

    /// <summary>Says what the samples are of.</summary>
    public void WriteTarget(IEnumerable<KeyValuePair<string, object>> attributes)
    {
        Write(format == PrometheusFormat.OpenMetrics ? "# TYPE target info\n# HELP target What is measured.\n" : "# TYPE target_info gauge\n# HELP target_info What is measured.\n");
        BeginSample("target_info");
        foreach ((string key, object value) in attributes)
            Label(key, value);
        EndSample(1L);
        EndLine();
    }

    /// <summary>Begins a sample: labels follow, then <see cref="EndSample(double)"/>.</summary>
    public void BeginSample(string name, string suffix = "")
    {
        Write(name, suffix);
        hasLabels = false;
    }

    /// <summary>Adds a label to the sample.</summary>
    public void Label(string key, object? value)
    {
        Write(hasLabels ? "," : "{", MetricFamily.ToName(key).Replace(':', '_'), "=\"");
        hasLabels = true;
        WriteEscaped(value is bool truth ? (truth ? "true" : "false") : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "", quotes: true);
        Write("\"");
    }

    /// <summary>Ends the labels with the value.</summary>
    public void EndSample(double value)
    {
        Write(hasLabels ? "} " : " ", ToText(value));
        hasLabels = false;
    }

    /// <inheritdoc cref="EndSample(double)"/>
    public void EndSample(long value)
    {
        Write(hasLabels ? "} " : " ");
        hasLabels = false;
        Span<byte> digits = output.GetSpan(LongestNumber);
        value.TryFormat(digits, out int count, default, CultureInfo.InvariantCulture);
        output.Advance(count);
    }

    /// <summary>Says for the sample which trace has an example of it; only where <see cref="PrometheusFormat.OpenMetrics"/> is written.</summary>
    public void WriteExemplar(ActivityTraceId trace, ActivitySpanId span, double value, DateTimeOffset at)
    {
        Write(" # {trace_id=\"", trace.ToHexString(), "\",span_id=\"", span.ToHexString(), "\"} ", ToText(value), " ");
        Write((at.ToUnixTimeMilliseconds() / 1000.0).ToString("0.000", CultureInfo.InvariantCulture));
    }

    /// <summary>Ends a sample.</summary>
    public void EndLine() => Write("\n");

    /// <summary>Ends the whole.</summary>
    public void End()
    {
        if (format == PrometheusFormat.OpenMetrics)
            Write("# EOF\n");
    }

    /// <summary>A number as both formats have it; whole numbers have a point, so that bounds of buckets are called the same in both.</summary>
    public static string ToText(double value)
    {
        if (double.IsNaN(value))
            return "NaN";
        if (double.IsInfinity(value))
            return value > 0 ? "+Inf" : "-Inf";
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0";
    }

    private void Write(params ReadOnlySpan<string> texts)
    {
        foreach (string text in texts)
            Encoding.UTF8.GetBytes(text, output);
    }

    private void WriteEscaped(string text, bool quotes)
    {
        if (text.AsSpan().ContainsAny('\\', '\n', '"'))
        {
            text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            if (quotes)
                text = text.Replace("\"", "\\\"", StringComparison.Ordinal);
        }

        Encoding.UTF8.GetBytes(text, output);
    }
}
