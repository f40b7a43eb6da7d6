using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;

namespace RemoteExec.Probe.Conformance;

/// <summary>ByteStream.Read of blobs as they are.</summary>
internal static class ReadChecks
{
    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Must("BSR-01", "an absent blob is NOT_FOUND", scenario => Scenario.RefusesAsync(scenario.Client.ReadAsync(scenario.Client.ReadName(scenario.NewBlob()), scenario.Token), StatusCode.NotFound)),
        Check.Must("BSR-02", "an offset beyond the end is OUT_OF_RANGE", scenario => RefusesAsync(scenario, 1001, 0, StatusCode.OutOfRange)),
        Check.Must("BSR-02", "a negative offset is OUT_OF_RANGE", scenario => RefusesAsync(scenario, -1, 0, StatusCode.OutOfRange)),
        Check.Must("BSR-02", "at the end there is nothing to read", scenario => GivesAsync(scenario, 1000, 0, content => content[1000..])),
        Check.Must("BSR-02", "a read begins at its offset", scenario => GivesAsync(scenario, 300, 0, content => content[300..])),
        Check.Must("BSR-03", "a limit bounds what is read", scenario => GivesAsync(scenario, 0, 10, content => content[..10])),
        Check.Must("BSR-03", "a limit counts from the offset", scenario => GivesAsync(scenario, 500, 100, content => content[500..600])),
        Check.Must("BSR-03", "a limit beyond the end reads to the end", scenario => GivesAsync(scenario, 900, 5000, content => content[900..])),
        Check.Must("BSR-03", "a negative limit is refused", scenario => RefusesAsync(scenario, 0, -1, StatusCode.InvalidArgument, StatusCode.OutOfRange)),
        Check.Must("BSR-08", "a large blob comes whole, in messages that clients decode", async scenario =>
        {
            ProbeBlob blob = await scenario.AddAsync((6 * 1024 * 1024) + 1);
            Require((await scenario.Client.ReadAsync(scenario.Client.ReadName(blob), scenario.Token)).AsSpan().SequenceEqual(blob.Content), "something else was read");
        }),
    ];

    private static async Task RefusesAsync(Scenario scenario, long offset, long limit, params StatusCode[] codes)
    {
        ProbeBlob blob = await scenario.AddAsync();
        await Scenario.RefusesAsync(scenario.Client.ReadAsync(scenario.Client.ReadName(blob), scenario.Token, offset, limit), codes);
    }

    private static async Task GivesAsync(Scenario scenario, long offset, long limit, Func<byte[], byte[]> expected)
    {
        ProbeBlob blob = await scenario.AddAsync();
        byte[] read = await scenario.Client.ReadAsync(scenario.Client.ReadName(blob), scenario.Token, offset, limit);
        Require(read.AsSpan().SequenceEqual(expected(blob.Content)), $"{read.Length} bytes came instead of {expected(blob.Content).Length}, or others");
    }
}
