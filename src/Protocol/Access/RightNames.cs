using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Protocol.Access;

/// <summary>The names of rights, as people write and read them.</summary>
public static class RightNames
{
    private static readonly (Right Right, string Name)[] names =
    [
        (Right.ReadCas, "read-cas"), (Right.WriteCas, "write-cas"), (Right.ReadAc, "read-ac"), (Right.WriteAc, "write-ac"), (Right.Execute, "execute"),
        (Right.Work, "work"), (Right.Operate, "operate"), (Right.Impersonate, "impersonate"), (Right.Admin, "admin"),
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [.. names.Select(entry => entry.Name)];

    /// <summary>The names of all rights in a set.</summary>
    public static IReadOnlyList<string> Of(Right rights) => [.. names.Where(entry => (rights & entry.Right) != 0).Select(entry => entry.Name)];

    /// <summary>What one of these rights is called in a sentence: <c>read-cas or write-cas</c>.</summary>
    public static string OneOf(Right rights) => string.Join(" or ", Of(rights));

    /// <summary>Reads the name of one right; on failure <paramref name="error"/> says which there are.</summary>
    public static bool TryParse(string text, out Right right, [NotNullWhen(false)] out string? error)
    {
        right = names.FirstOrDefault(entry => entry.Name == text).Right;
        error = right == Right.None ? $"'{text}' is no right: there are {string.Join(", ", All)}" : null;
        return error is null;
    }
}
