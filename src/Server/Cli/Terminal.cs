using Spectre.Console;

namespace RemoteExec.Server.Cli;

/// <summary>Where the command line writes: lines with a tone on a terminal that shows colours, plain lines anywhere else.</summary>
/// <param name="output">Standard output.</param>
/// <param name="error">Standard error.</param>
/// <param name="colourOutput">Whether standard output shows colours.</param>
/// <param name="colourError">Whether standard error shows colours.</param>
internal sealed class Terminal(TextWriter output, TextWriter error, bool colourOutput, bool colourError)
{
    /// <summary>Standard output.</summary>
    public TextWriter Output { get; } = output;

    /// <summary>Standard error.</summary>
    public TextWriter Error { get; } = error;

    /// <summary>False where NO_COLOR asks for no colours, or the terminal can't show them.</summary>
    public static bool WantsColours =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");

    /// <summary>The terminal or the pipes of this process; no colours in pipes.</summary>
    public static Terminal Process() =>
        new(Console.Out, Console.Error, WantsColours && !Console.IsOutputRedirected, WantsColours && !Console.IsErrorRedirected);

    /// <summary>Writes a line to standard output.</summary>
    public void WriteLine(string text, Tone tone = Tone.Plain) => Write(Output, colourOutput, text, tone);

    /// <summary>Writes one line about what went wrong to standard error.</summary>
    public void WriteError(string message) => Write(Error, colourError, $"remoteexec: {message}", Tone.Bad);

    private static void Write(TextWriter writer, bool colour, string text, Tone tone)
    {
        if (colour && tone != Tone.Plain)
            WriteColoured(writer, text, tone);
        else
            writer.WriteLine(text);
        writer.Flush();
    }

    private static void WriteColoured(TextWriter writer, string text, Tone tone)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Out = new AnsiConsoleOutput(writer) });
        Style style = tone switch
        {
            Tone.Strong => new Style(decoration: Decoration.Bold),
            Tone.Faint => new Style(decoration: Decoration.Dim),
            Tone.Good => new Style(Color.Green, decoration: Decoration.Bold),
            _ => new Style(Color.Red),
        };
        console.Profile.Width = int.MaxValue;
        console.WriteLine(text, style);
    }
}
