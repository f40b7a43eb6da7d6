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

    /// <summary>Standard input, unless it is a terminal.</summary>
    public TextReader? Input { get; init; }

    /// <summary>True if standard output is a terminal that can move its cursor, with colours or without.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Standard output, for what is no text.</summary>
    public Func<Stream> OpenOutput { get; init; } = Console.OpenStandardOutput;

    /// <summary>Standard error, for what is no text.</summary>
    public Func<Stream> OpenError { get; init; } = Console.OpenStandardError;

    /// <summary>False where NO_COLOR asks for no colours, or the terminal can't show them.</summary>
    public static bool WantsColours =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");

    /// <summary>The terminal or the pipes of this process; no colours in pipes.</summary>
    public static Terminal Process() =>
        new(Console.Out, Console.Error, WantsColours && !Console.IsOutputRedirected, WantsColours && !Console.IsErrorRedirected)
        {
            Input = Console.IsInputRedirected ? Console.In : null,
            IsTerminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb"),
        };

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

    /// <summary>How a tone shows where there are colours.</summary>
    public static Style StyleOf(Tone tone) => tone switch
    {
        Tone.Plain => Style.Plain,
        Tone.Strong => new Style(decoration: Decoration.Bold),
        Tone.Faint => new Style(decoration: Decoration.Dim),
        Tone.Good => new Style(Color.Green, decoration: Decoration.Bold),
        _ => new Style(Color.Red),
    };

    /// <summary>The first line of standard input; of a terminal what somebody types, which it does not show. Null if there is none.</summary>
    /// <param name="prompt">What is asked for, on standard error.</param>
    public string? ReadSecret(string prompt)
    {
        if (Input is not null)
            return Input.ReadLine();
        Error.Write(prompt);
        Error.Flush();
        var typed = new System.Text.StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                typed.Append(key.KeyChar);
        }

        Error.WriteLine();
        return typed.ToString();
    }

    /// <summary>Empties the terminal, if it is one, for what is shown anew.</summary>
    public void Clear()
    {
        if (colourOutput)
            Output.Write("\e[H\e[2J\e[3J");
    }

    /// <summary>Writes one line about what went wrong to standard error.</summary>
    public void WriteError(string message) => Write(Error, colourError, $"remoteexec: {message}", Tone.Bad);

    /// <summary>Writes one line to standard error that is no complaint.</summary>
    public void WriteNote(string message) => Write(Error, colourError, $"remoteexec: {message}", Tone.Faint);

    /// <summary>True if standard error is a terminal that shows how far something is.</summary>
    public bool ShowsProgress => colourError;

    /// <summary>Shows a bar of what is done and how long the rest will take, on standard error and only if that is a terminal.</summary>
    /// <param name="what">What is being done.</param>
    /// <param name="total">All of it, in bytes.</param>
    /// <param name="work">Does it, and reports each part that is done, in bytes.</param>
    public Task WithProgressAsync(string what, long total, Func<IProgress<long>, Task> work) => ShowsProgress
        ? WithBarAsync(what, total, [new TransferSpeedColumn(), new RemainingTimeColumn()], task => work(new Steps<long>(part => task.Increment(part))))
        : work(new Steps<long>(_ => { }));

    /// <summary>Shows a bar of how many steps are done, and the last one, on standard error and only if that is a terminal.</summary>
    /// <param name="what">What the steps are.</param>
    /// <param name="total">How many there are.</param>
    /// <param name="work">Does them, and reports the name of each that is done.</param>
    public Task WithStepsAsync(string what, int total, Func<IProgress<string>, Task> work) => ShowsProgress
        ? WithBarAsync(what, total, [], task => work(new Steps<string>(name => task.Description($"{what}: {Markup.Escape(name)}").Increment(1))))
        : work(new Steps<string>(_ => { }));

    private async Task WithBarAsync(string what, long total, ProgressColumn[] further, Func<ProgressTask, Task> work)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Out = new AnsiConsoleOutput(Error) });
        await console.Progress()
            .Columns([new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), .. further])
            .AutoClear(true)
            .StartAsync(context => work(context.AddTask(what, maxValue: Math.Max(1, total))));
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
        console.Profile.Width = int.MaxValue;
        console.Write(new Text(text, StyleOf(tone)));
    }

    private sealed class Steps<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }
}
