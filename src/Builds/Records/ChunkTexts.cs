using System.Runtime.InteropServices;

namespace RemoteExec.Builds.Records;

/// <summary>The texts that the actions of a chunk have, by numbers from one. Equal texts are the same object as a rule; if they are not, they have several numbers.</summary>
internal sealed class ChunkTexts
{
    private readonly Dictionary<string, int> numbers = new(ReferenceEqualityComparer.Instance);

    /// <summary>Makes it without a text.</summary>
    public ChunkTexts()
    {
        Mnemonic = new Column(numbers);
        Target = new Column(numbers);
        Configuration = new Column(numbers);
        Worker = new Column(numbers);
        Ending = new Column(numbers);
    }

    /// <summary>All of them, in the order of their numbers: none is ever removed.</summary>
    public IReadOnlyCollection<string> All => numbers.Keys;

    /// <summary>Mnemonics.</summary>
    public Column Mnemonic { get; }

    /// <summary>Targets.</summary>
    public Column Target { get; }

    /// <summary>Configurations.</summary>
    public Column Configuration { get; }

    /// <summary>Workers.</summary>
    public Column Worker { get; }

    /// <summary>How executions ended.</summary>
    public Column Ending { get; }

    /// <summary>The texts of one kind, of which an action mostly has what the one before it had.</summary>
    internal sealed class Column(Dictionary<string, int> numbers)
    {
        private string last = "";
        private int lastNumber;

        /// <summary>The number of a text; 0 if it is empty.</summary>
        public ulong IndexOf(string text)
        {
            if (!ReferenceEquals(text, last))
                (last, lastNumber) = (text, text.Length == 0 ? 0 : NumberOf(text));
            return (ulong)lastNumber;
        }

        private int NumberOf(string text)
        {
            ref int number = ref CollectionsMarshal.GetValueRefOrAddDefault(numbers, text, out bool isKnown);
            if (!isKnown)
                number = numbers.Count;
            return number;
        }
    }
}
