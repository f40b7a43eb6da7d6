using System.Globalization;

namespace RemoteExec.TestKit;

/// <summary>
/// What a random test draws from. A failure tells its seed; <c>REMOTEEXEC_SEED</c> repeats it, and <c>REMOTEEXEC_EFFORT</c> has so many times as many cases tried.
/// </summary>
public sealed class Chance
{
    private Chance(int seed)
    {
        Seed = seed;
        Random = new Random(seed);
    }

    /// <summary>What all follows from.</summary>
    public int Seed { get; }

    /// <summary>Draws.</summary>
    public Random Random { get; }

    /// <summary>How many times the usual number of cases is tried: 1 unless the environment says otherwise.</summary>
    public static int Effort { get; } = Read("REMOTEEXEC_EFFORT") is int effort and > 0 ? effort : 1;

    /// <summary>A new one, whose seed is random unless the environment tells it.</summary>
    public static Chance Create() => new(Read("REMOTEEXEC_SEED") ?? System.Random.Shared.Next());

    /// <summary>The chance of one case among many, the first of which has this seed: so that one can be repeated by itself.</summary>
    public Chance ForCase(int number) => new(unchecked(Seed + (number * 0x2545F491)));

    /// <inheritdoc/>
    public override string ToString() => $"REMOTEEXEC_SEED={Seed}";

    private static int? Read(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : null;
}
