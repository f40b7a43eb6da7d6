using System.Globalization;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>The name of a pack: when it was sealed, so that of two packs with a value of one key the later name has the one that counts, and by which node.</summary>
/// <param name="Order">A number that ascends with every pack of a node, and is about its time in microseconds.</param>
/// <param name="Node">The node.</param>
internal readonly record struct PackName(long Order, uint Node)
{
    /// <summary>What the keys of all packs begin with.</summary>
    public const string Folder = "packs/";

    private const int Digits = 16;

    /// <summary>The key of its object, without the store's prefix.</summary>
    public string Key => Folder + ToString();

    /// <summary>True if a value here counts, and not that of the other pack: it was sealed later. Of packs of one moment all nodes choose the same.</summary>
    public bool IsAfter(PackName other) => Order > other.Order || (Order == other.Order && Node > other.Node);

    /// <summary>As it stands in the key.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Order:x16}-{Node:x8}");

    /// <summary>Reads the key of an object; false if it is that of no pack.</summary>
    public static bool TryParseKey(ReadOnlySpan<char> key, out PackName name)
    {
        name = default;
        return key.StartsWith(Folder, StringComparison.Ordinal) && TryParse(key[Folder.Length..], out name);
    }

    /// <summary>Reads a name; false if it is none.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PackName name)
    {
        name = default;
        if (text.Length != Digits + 9 || text[Digits] != '-'
            || !long.TryParse(text[..Digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long order)
            || !uint.TryParse(text[(Digits + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint node))
            return false;
        name = new PackName(order, node);
        return order >= 0;
    }
}
