namespace RemoteExec.Server.Cli;

/// <summary>Lines in columns, each as wide as what is in it; a title that begins with <c>&gt;</c> aligns its column to the right.</summary>
/// <param name="titles">The titles.</param>
internal sealed class Table(params string[] titles)
{
    private readonly List<Cell[]> rows = [];

    /// <summary>Adds a line, with a cell for each column.</summary>
    public void Add(params Cell[] cells) => rows.Add(cells.Length == titles.Length
        ? cells
        : throw new ArgumentException($"{cells.Length} cells for {titles.Length} columns", nameof(cells)));

    /// <summary>Writes it.</summary>
    public void Write(Terminal terminal)
    {
        foreach (IReadOnlyList<Cell> line in Lines())
            terminal.WriteLine(line);
    }

    /// <summary>Its lines, the titles first.</summary>
    public IReadOnlyList<IReadOnlyList<Cell>> Lines()
    {
        Cell[] head = [.. titles.Select(title => new Cell(title.TrimStart('>'), Tone.Faint))];
        int[] widths = [.. titles.Select((_, column) => rows.Prepend(head).Max(row => row[column].Text.Length))];
        return [.. rows.Prepend(head).Select(row => (IReadOnlyList<Cell>)[.. row.Select((cell, column) => Pad(cell, column, widths))])];
    }

    private Cell Pad(Cell cell, int column, int[] widths)
    {
        bool isLast = column == titles.Length - 1;
        string text = titles[column].StartsWith('>') ? cell.Text.PadLeft(widths[column]) : isLast ? cell.Text : cell.Text.PadRight(widths[column]);
        return new Cell(isLast ? text : text + "  ", cell.Tone);
    }
}
