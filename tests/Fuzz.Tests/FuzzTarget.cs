namespace RemoteExec.Fuzz.Tests;

/// <summary>Something that takes bytes apart.</summary>
/// <param name="Name">Its name, and that of its folder in the corpus.</param>
/// <param name="Seeds">Good input, from which the cases are made.</param>
/// <param name="Parse">Takes a case apart. It ends, or throws one of <paramref name="Refusals"/>; it checks what it got, where there is something to check it against.</param>
/// <param name="Refusals">The exceptions that it is documented to throw.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Parse, params Type[] Refusals)
{
    /// <summary>The bytes that it may allocate beyond a hundred for each of the input.</summary>
    public long MaxAllocatedBytes { get; init; } = 16 << 20;

    /// <summary>Where an integer stands that says how long something is, so that mutations keep it right half of the time; null: nowhere that is known.</summary>
    public Action<byte[]>? Repair { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
