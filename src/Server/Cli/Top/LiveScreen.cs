using System.Text;
using Spectre.Console;

namespace RemoteExec.Server.Cli.Top;

/// <summary>
/// The alternate screen of a terminal, on which pages are shown one after the other: each is written at once over the one before, so that nothing flickers. Disposing brings back what was
/// there before.
/// </summary>
internal sealed class LiveScreen : IDisposable
{
    // The alternate screen, without a cursor, and without lines that go on in the next one; and back.
    private const string Enter = "\e[?1049h\e[?25l\e[?7l", Leave = "\e[?7h\e[?25h\e[?1049l";

    // Terminals that know it show what is between the two at once; others pass over it.
    private const string BeginPage = "\e[?2026h\e[H", EndPage = "\e[?2026l";

    private const string NextLine = "\r\n", EraseLine = "\e[K", EraseRest = "\e[J";

    private readonly TextWriter output;
    private readonly bool colours;

    /// <summary>Changes to it.</summary>
    /// <param name="output">The terminal.</param>
    /// <param name="colours">Whether tones are shown as colours.</param>
    public LiveScreen(TextWriter output, bool colours)
    {
        this.output = output;
        this.colours = colours;
        Write(Enter);
    }

    /// <summary>Shows a page; what does not fit is left out.</summary>
    public void Show(IReadOnlyList<IReadOnlyList<Cell>> lines, int width, int height)
    {
        using var page = new StringWriter();
        page.Write(BeginPage);
        IAnsiConsole? painter = colours ? AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Out = new AnsiConsoleOutput(page) }) : null;
        if (painter is not null)
            painter.Profile.Width = int.MaxValue;
        int count = Math.Min(lines.Count, height);
        for (int i = 0; i < count; i++)
        {
            int left = width;
            foreach (Cell piece in lines[i])
            {
                string text = Cut(piece.Text, ref left);
                if (painter is not null && piece.Tone != Tone.Plain && text.Length > 0)
                    painter.Write(new Text(text, Terminal.StyleOf(piece.Tone)));
                else
                    page.Write(text);
            }

            // In the last column the cursor stands on what was written last.
            page.Write((left > 0 ? EraseLine : "") + (i < height - 1 ? NextLine : ""));
        }

        page.Write((count < height ? EraseRest : "") + EndPage);
        Write(page.ToString());
    }

    /// <inheritdoc/>
    public void Dispose() => Write(Leave);

    private static string Cut(string text, ref int left)
    {
        int length = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int columns = rune.ToString().GetCellWidth();
            if (columns > left)
            {
                left = 0;
                break;
            }

            left -= columns;
            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }

    private void Write(string text)
    {
        output.Write(text);
        output.Flush();
    }
}
