using System.Text;
using System.Text.RegularExpressions;

namespace RemoteExec.Server.Tests.Cli.Top;

/// <summary>What a terminal shows of what was written to it, as far as pages need it: lines are overwritten and erased, and none goes on in the next one.</summary>
internal static partial class VirtualTerminal
{
    /// <summary>The lines of its screen, each as wide as that is. Wide characters are none of these texts.</summary>
    public static string[] Show(string written, int width, int height)
    {
        StringBuilder[] screen = [.. Enumerable.Range(0, height).Select(_ => new StringBuilder(new string(' ', width)))];
        int row = 0, column = 0;
        foreach (Match part in Part().Matches(written))
        {
            switch (part.Value)
            {
                case "\r":
                    column = 0;
                    break;
                case "\n" when row == height - 1:
                    screen = [.. screen[1..], new StringBuilder(new string(' ', width))]; // it scrolls
                    break;
                case "\n":
                    row++;
                    break;
                case "\e[H":
                    (row, column) = (0, 0);
                    break;
                case "\e[K":
                    Erase(screen[row], Math.Min(column, width - 1));
                    break;
                case "\e[J":
                    Erase(screen[row], Math.Min(column, width - 1));
                    foreach (StringBuilder line in screen[(row + 1)..])
                        Erase(line, 0);
                    break;
                case ['\e', '[', .., 'm' or 'h' or 'l']:
                    break;
                case ['\e', ..]:
                    throw new InvalidOperationException($"this terminal does not know {part.Value[1..]}");
                default:
                    screen[row][Math.Min(column, width - 1)] = part.Value[0];
                    column++;
                    break;
            }
        }

        return [.. screen.Select(line => line.ToString())];
    }

    private static void Erase(StringBuilder line, int from)
    {
        for (int i = from; i < line.Length; i++)
            line[i] = ' ';
    }

    [GeneratedRegex(@"\e\[[?0-9;]*[a-zA-Z]|[\s\S]")]
    private static partial Regex Part();
}
