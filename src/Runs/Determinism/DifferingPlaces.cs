namespace RemoteExec.Runs.Determinism;

/// <summary>The places at which two contents differ.</summary>
internal static class DifferingPlaces
{
    private const int Apart = 16; // what is nearer is one place

    /// <summary>The first of them: all, if the two are of one length; else the first one alone, as behind it everything has moved.</summary>
    public static List<int> Find(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, int most)
    {
        var places = new List<int>();
        for (int at = left.CommonPrefixLength(right); at < Math.Max(left.Length, right.Length) && places.Count < most;)
        {
            places.Add(at);
            if (left.Length != right.Length)
                break;
            while (at < left.Length && !left[at..Math.Min(at + Apart, left.Length)].SequenceEqual(right[at..Math.Min(at + Apart, left.Length)]))
                at++;
            at += left[Math.Min(at, left.Length)..].CommonPrefixLength(right[Math.Min(at, right.Length)..]);
        }

        return places;
    }
}
