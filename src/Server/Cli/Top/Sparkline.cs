namespace RemoteExec.Server.Cli.Top;

/// <summary>Values over time, as a line of bars.</summary>
internal static class Sparkline
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    /// <summary>Draws the last values, the newest at the right; blanks where there is none.</summary>
    /// <param name="values">The values, the oldest first; null where nothing is known.</param>
    /// <param name="width">In how many characters.</param>
    /// <param name="most">What the highest bar stands for; null for the largest of the values that are drawn.</param>
    public static string Of(IReadOnlyList<double?> values, int width, double? most = null)
    {
        if (width <= 0)
            return "";
        double?[] shown = [.. values.Skip(values.Count - width)];
        double top = most ?? shown.Max() ?? 0;
        string line = string.Concat(shown.Select(value => value is not { } height ? ' ' : Bars[Step(height, top)]));
        return line.PadLeft(width);
    }

    // Something is never shown as nothing, and less than all never as all.
    private static int Step(double value, double most) =>
        most <= 0 || value <= 0 ? 0 : Math.Clamp((int)(value / most * (Bars.Length - 1)), 1, Bars.Length - 1);
}
