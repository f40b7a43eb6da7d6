using System.Globalization;

namespace RemoteExec.Server.Cli;

/// <summary>Quantities as people read them.</summary>
internal static class Words
{
    private const string Eighths = " ▏▎▍▌▋▊▉";
    private static readonly string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>A time in its two largest units, the larger ones alone where the rest says little: <c>12 s</c>, <c>3 min</c>, <c>2 h 5 min</c>, <c>4 d 1 h</c>.</summary>
    public static string Age(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => "0 s",
        { TotalMinutes: < 1 } => $"{(int)time.TotalSeconds} s",
        { TotalHours: < 1 } => $"{(int)time.TotalMinutes} min",
        { TotalDays: < 1 } => time.Minutes == 0 ? $"{time.Hours} h" : $"{time.Hours} h {time.Minutes} min",
        _ => time.Hours == 0 ? $"{time.Days} d" : $"{time.Days} d {time.Hours} h",
    };

    /// <summary>A number with its thousands apart.</summary>
    public static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>So many of something: <c>1 worker</c>, <c>2 workers</c>.</summary>
    public static string Count(long number, string thing) => $"{Number(number)} {thing}{(number == 1 ? "" : "s")}";

    /// <summary>A size in its largest unit: <c>12 GiB</c>, <c>1.5 GiB</c>.</summary>
    public static string Size(long bytes)
    {
        double size = bytes;
        int unit = 0;
        for (; size >= 1024 && unit < units.Length - 1; unit++)
            size /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {units[unit]}");
    }

    /// <summary>Thousandths of cores as cores: <c>3.5</c>.</summary>
    public static string Cores(long millis) => (millis / 1000.0).ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>A bar for a part of a whole; something is never shown as nothing, and less than all never as all.</summary>
    /// <param name="part">The part.</param>
    /// <param name="whole">What fills the bar.</param>
    /// <param name="width">Its length in characters.</param>
    public static string Bar(long part, long whole, int width)
    {
        int eighths = whole <= 0 ? 0 : (int)(Math.Clamp(part, 0, whole) * (double)width * 8 / whole);
        if (part > 0 && whole > 0)
            eighths = Math.Max(1, eighths);
        string bar = new string('█', eighths / 8) + (eighths % 8 == 0 ? "" : Eighths[eighths % 8]);
        return bar.PadRight(width);
    }
}
