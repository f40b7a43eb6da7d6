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

    /// <summary>True if standard output is a terminal, for a person who looks at it.</summary>
    public bool IsInteractive => colourOutput;

    /// <summary>Writes a line of pieces to standard output, without blanks at its end.</summary>
    public void WriteLine(IReadOnlyList<Cell> pieces)
    {
        string line = string.Concat(pieces.Select(piece => piece.Text)).TrimEnd();
        if (!colourOutput)
        {
            Write(Output, colourOutput, line, Tone.Plain);
            return;
        }

        int left = line.Length;
        foreach (Cell piece in pieces)
        {
            string text = piece.Text[..Math.Min(left, piece.Text.Length)];
            left -= text.Length;
            Paint(Output, text, piece.Tone);
        }

        Output.WriteLine();
        Output.Flush();
    }

    /// <summary>Empties the terminal, if it is one, for what is shown anew.</summary>
    public void Clear()
    {
        if (colourOutput)
            Output.Write("\e[H\e[2J\e[3J");
    }

    /// <summary>Writes one line about what went wrong to standard error.</summary>
    public void WriteError(string message) => Write(Error, colourError, $"remoteexec: {message}", Tone.Bad);

    /// <summary>Shows a bar of what is done and how long the rest will take, on standard error and only if that is a terminal.</summary>
    /// <param name="what">What is being done.</param>
    /// <param name="total">All of it, in bytes.</param>
    /// <param name="work">Does it, and reports each part that is done, in bytes.</param>
    public async Task WithProgressAsync(string what, long total, Func<IProgress<long>, Task> work)
    {
        if (!colourError)
        {
            await work(new Steps(_ => { }));
            return;
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Out = new AnsiConsoleOutput(Error) });
        await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .AutoClear(true)
            .StartAsync(async context =>
            {
                ProgressTask task = context.AddTask(what, maxValue: Math.Max(1, total));
                await work(new Steps(task.Increment));
            });
    }

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
        Paint(writer, text, tone);
        writer.WriteLine();
    }

    private static void Paint(TextWriter writer, string text, Tone tone)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Out = new AnsiConsoleOutput(writer) });
        Style style = tone switch
        {
            Tone.Plain => Style.Plain,
            Tone.Strong => new Style(decoration: Decoration.Bold),
            Tone.Faint => new Style(decoration: Decoration.Dim),
            Tone.Good => new Style(Color.Green, decoration: Decoration.Bold),
            _ => new Style(Color.Red),
        };
        console.Profile.Width = int.MaxValue;
        console.Write(new Text(text, style));
    }

    private sealed class Steps(Action<double> add) : IProgress<long>
    {
        public void Report(long value) => add(value);
    }
}
