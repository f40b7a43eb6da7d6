using System.Globalization;
using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests.Top;

/// <summary>The real program on a terminal of its own, which <c>script</c> makes: it can be typed on, and gets another size.</summary>
internal sealed partial class PseudoTerminal : IAsyncDisposable
{
    /// <summary>What is printed behind the program's end, before what the terminal is like then.</summary>
    public const string End = "ended with ";

    private readonly TemporaryDirectory directory = new();
    private readonly ChildProcess process;
    private int seen; // pages that count no more

    private PseudoTerminal(int columns, int rows, string[] line, IReadOnlyDictionary<string, string?> environment)
    {
        // Typed is what is written into the pipe, of which the shell keeps the other end open; the terminal's name is what tells where its size can be changed.
        string program = string.Join(' ', line.Select(word => $"'{word}'"));
        string inside = $"stty rows {rows} cols {columns}; tty > {directory["tty"]}; {program}; echo \"{End}$?\"; stty -a";
        process = ChildProcess.Start(
            "bash", ["-c", "mkfifo \"$0\"; exec script -qfec \"$1\" /dev/null <> \"$0\"", directory["keys"], inside],
            environment: new Dictionary<string, string?>(environment) { ["TERM"] = "xterm-256color", ["NO_COLOR"] = null, ["SHELL"] = "/bin/bash" });
    }

    /// <summary>What was written to the terminal so far.</summary>
    public string Written => process.Output;

    /// <summary>Starts the program.</summary>
    public static PseudoTerminal Start(int columns, int rows, params string[] arguments) => Start(columns, rows, new Dictionary<string, string?>(), [ServerProcess.Program, .. arguments]);

    /// <summary>Starts it, or what starts it, with more in its environment.</summary>
    public static PseudoTerminal Start(int columns, int rows, IReadOnlyDictionary<string, string?> environment, string[] line)
    {
        Requires.Program("script", "bsdutils");
        return new PseudoTerminal(columns, rows, line, environment);
    }

    /// <summary>Waits until something was written, and the end of its line.</summary>
    public Task WaitForLineAsync(string text) => process.WaitForOutputAsync(written => written.Contains(text, StringComparison.Ordinal), $"'{text}'");

    /// <summary>Waits until a page is shown that has what is wanted.</summary>
    public Task WaitForPageAsync(Func<string, bool> condition, string what) => process.WaitForOutputAsync(written => Pages(written).Skip(seen).Any(condition), $"a page with {what}");

    /// <summary>Pages that were shown before count no more.</summary>
    public void Forget() => seen = Pages(Written).Length;

    // Without what steers the terminal, which makes two ends of lines of each.
    private static string[] Pages(string written) =>
        [.. written.Split("\e[?2026h")[1..].Where(page => page.Contains("\e[?2026l", StringComparison.Ordinal)).Select(page => Escape().Replace(page.Split("\e[?2026l")[0], "").Replace("\n\n", "\n", StringComparison.Ordinal))];

    /// <summary>Types.</summary>
    public Task TypeAsync(string keys) => File.WriteAllTextAsync(directory["keys"], keys, TestContext.Current.CancellationToken);

    /// <summary>Gives the terminal another size.</summary>
    public async Task ResizeAsync(int columns, int rows)
    {
        string terminal = (await File.ReadAllTextAsync(directory["tty"], TestContext.Current.CancellationToken)).Trim();
        await using ChildProcess stty = ChildProcess.Start("stty", ["-F", terminal, "rows", rows.ToString(CultureInfo.InvariantCulture), "cols", columns.ToString(CultureInfo.InvariantCulture)]);
        Assert.True(await stty.WaitForExitAsync() == 0, stty.Output);
    }

    /// <summary>Waits for the end; what was written behind it.</summary>
    public async Task<string> WaitForEndAsync()
    {
        await process.WaitForExitAsync();
        return Written[Written.IndexOf(End, StringComparison.Ordinal)..];
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        directory.Dispose();
    }

    [GeneratedRegex(@"\e\[[?0-9;]*[a-zA-Z]")]
    private static partial Regex Escape();
}
