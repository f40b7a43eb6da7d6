using System.Globalization;

namespace RemoteExec.Python.Pages;

/// <summary>In which form a page of an index is wanted (PEP 691).</summary>
internal enum SimpleFormat
{
    /// <summary>HTML, as <c>text/html</c>.</summary>
    Html,

    /// <summary>HTML, as <c>application/vnd.pypi.simple.v1+html</c>.</summary>
    VersionedHtml,

    /// <summary>JSON, as <c>application/vnd.pypi.simple.v1+json</c>.</summary>
    Json,
}

/// <summary>What forms there are, and which of them a client prefers.</summary>
internal static class SimpleFormats
{
    private static readonly (string Type, SimpleFormat Format)[] types =
    [
        ("text/html", SimpleFormat.Html), ("application/vnd.pypi.simple.v1+json", SimpleFormat.Json), ("application/vnd.pypi.simple.v1+html", SimpleFormat.VersionedHtml),
        ("application/vnd.pypi.simple.latest+json", SimpleFormat.Json), ("application/vnd.pypi.simple.latest+html", SimpleFormat.VersionedHtml),
    ];

    /// <summary>What a client is sent that accepts this; null if it accepts none. Of what it likes as well, HTML is first: who says nothing is a browser, or old.</summary>
    /// <param name="accept">The value of its header; empty if it has none.</param>
    public static SimpleFormat? Choose(string accept)
    {
        if (string.IsNullOrWhiteSpace(accept))
            return SimpleFormat.Html;
        (string Range, double Quality)[] ranges = [.. accept.Split(',').Select(Parse)];
        (SimpleFormat Format, double Quality) best = (SimpleFormat.Html, 0);
        foreach ((string type, SimpleFormat format) in types)
        {
            double quality = QualityOf(type, ranges);
            if (quality > best.Quality)
                best = (format, quality);
        }

        return best.Quality > 0 ? best.Format : null;
    }

    /// <summary>The content type of a form.</summary>
    public static string ContentType(this SimpleFormat format) => format switch
    {
        SimpleFormat.Json => "application/vnd.pypi.simple.v1+json",
        SimpleFormat.VersionedHtml => "application/vnd.pypi.simple.v1+html",
        _ => "text/html; charset=utf-8",
    };

    // The closest range counts, whatever others say.
    private static double QualityOf(string type, (string Range, double Quality)[] ranges)
    {
        string[] wanted = [type, $"{type.Split('/')[0]}/*", "*/*"];
        foreach (string range in wanted)
        {
            foreach ((string given, double quality) in ranges)
            {
                if (string.Equals(given, range, StringComparison.OrdinalIgnoreCase))
                    return quality;
            }
        }

        return 0;
    }

    private static (string Range, double Quality) Parse(string text)
    {
        string[] parts = text.Split(';', StringSplitOptions.TrimEntries);
        string? weight = parts.Skip(1).FirstOrDefault(part => part.StartsWith("q=", StringComparison.OrdinalIgnoreCase));
        return (parts[0], weight is null ? 1 : double.TryParse(weight.AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double quality) ? Math.Clamp(quality, 0, 1) : 0);
    }
}
