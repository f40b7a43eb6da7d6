namespace RemoteExec.Server.Cli;

/// <summary>A piece of a line, and how it is meant. What can't be printed is shown as a sign for it: some of what is shown comes from clients.</summary>
internal readonly record struct Cell
{
    /// <summary>Makes one.</summary>
    public Cell(string text, Tone tone = Tone.Plain)
    {
        Text = text.Any(char.IsControl) ? string.Concat(text.Select(character => char.IsControl(character) ? '\uFFFD' : character)) : text;
        Tone = tone;
    }

    /// <summary>What it says.</summary>
    public string Text { get; }

    /// <summary>How it is meant.</summary>
    public Tone Tone { get; }

    /// <summary>A piece without a tone.</summary>
    public static implicit operator Cell(string text) => new(text);
}
