using System.Text;

namespace RemoteExec.Builds.Records;

/// <summary>Makes one string of what comes again and again as UTF-8: names of targets, mnemonics and the like. Remembers a bounded number, and cuts off long ones. Not thread-safe.</summary>
internal sealed class TextTable
{
    /// <summary>The longest text in bytes.</summary>
    public const int LongestText = 1024;

    private const int MostRemembered = 50_000;

    private readonly Dictionary<byte[], Entry> texts = new(Utf8Comparer.Instance);

    /// <summary>The text, the same object for the same bytes as a rule.</summary>
    public Entry Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > LongestText)
            utf8 = utf8[..LongestText];
        Dictionary<byte[], Entry>.AlternateLookup<ReadOnlySpan<byte>> lookup = texts.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (lookup.TryGetValue(utf8, out Entry? known))
            return known;
        if (texts.Count >= MostRemembered)
            texts.Clear();
        byte[] bytes = utf8.ToArray();
        return texts[bytes] = new Entry(bytes, Encoding.UTF8.GetString(utf8));
    }

    /// <summary>A text.</summary>
    /// <param name="Utf8">Its bytes.</param>
    /// <param name="Text">What they are.</param>
    internal sealed record Entry(byte[] Utf8, string Text);
}
