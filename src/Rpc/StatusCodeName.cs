namespace RemoteExec.Rpc;

/// <summary>Status codes as gRPC writes their names: <c>DEADLINE_EXCEEDED</c>.</summary>
internal static class StatusCodeName
{
    private static readonly string[] names = [.. Enum.GetNames<StatusCode>().Select(ToUpperSnake)];

    /// <summary>All of them, by number.</summary>
    public static IReadOnlyList<string> All => names;

    /// <summary>The name of a code; of a number that is none, that of <see cref="StatusCode.Unknown"/>.</summary>
    public static string Of(StatusCode code) => names[IndexOf(code)];

    /// <summary>The place of a code among <see cref="All"/>.</summary>
    public static int IndexOf(StatusCode code) => (uint)code < (uint)names.Length ? (int)code : (int)StatusCode.Unknown;

    private static string ToUpperSnake(string name) =>
        string.Concat(name.Select((character, index) => index > 0 && char.IsUpper(character) ? $"_{character}" : $"{char.ToUpperInvariant(character)}"));
}
