namespace RemoteExec.Builds.Records;

/// <summary>The texts that calls bear, each with what the call before had: most have the same.</summary>
internal sealed class ActionTexts
{
    private static readonly TextTable.Entry nothing = new([], "");
    private readonly TextTable table = new();

    /// <summary>Makes them.</summary>
    public ActionTexts()
    {
        Invocation = new Recent(table);
        Mnemonic = new Recent(table);
        Target = new Recent(table);
        Configuration = new Recent(table);
        Worker = new Recent(table);
        Tool = new Recent(table);
        Other = new Recent(table);
    }

    /// <summary>What builds call themselves.</summary>
    public Recent Invocation { get; }

    /// <summary>Mnemonics.</summary>
    public Recent Mnemonic { get; }

    /// <summary>Targets.</summary>
    public Recent Target { get; }

    /// <summary>Configurations.</summary>
    public Recent Configuration { get; }

    /// <summary>Workers.</summary>
    public Recent Worker { get; }

    /// <summary>Tools.</summary>
    public Recent Tool { get; }

    /// <summary>Any others.</summary>
    public Recent Other { get; }

    /// <summary>Texts of one kind.</summary>
    internal sealed class Recent(TextTable table)
    {
        private TextTable.Entry last = nothing;

        /// <summary>The text, the same object for the same bytes as a rule.</summary>
        public string Get(ReadOnlySpan<byte> utf8)
        {
            if (!utf8.SequenceEqual(last.Utf8))
                last = table.Get(utf8);
            return last.Text;
        }
    }
}
