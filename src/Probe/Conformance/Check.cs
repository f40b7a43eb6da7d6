using RemoteExec.Rpc;

namespace RemoteExec.Probe.Conformance;

/// <summary>One thing that a server is tried for. It leaves blobs and results behind that nobody else asks for, and nothing else.</summary>
/// <param name="Rule">The rule that it is about, for example CAS-07; several checks may be about one.</param>
/// <param name="Strength">How much it means to fail.</param>
/// <param name="Says">What a server that passes does, in a line.</param>
/// <param name="RunAsync">Tries it; ends without an exception if the server passes.</param>
public sealed record Check(string Rule, Strength Strength, string Says, Func<Scenario, Task> RunAsync)
{
    /// <summary>All checks, by what they are about.</summary>
    public static IReadOnlyList<Check> All { get; } =
    [
        .. CapabilityChecks.All, .. DigestChecks.All, .. NameChecks.All, .. BlobChecks.All, .. BatchLimitChecks.All, .. TreeChecks.All.Select(WhereOffered),
        .. ChunkChecks.All, .. ReadChecks.All, .. WriteChecks.All, .. StatusChecks.All.Select(WhereOffered), .. CompressionChecks.All, .. ResultChecks.All.Select(WhereOffered),
    ];

    internal static Check Must(string rule, string says, Func<Scenario, Task> runAsync) => new(rule, Strength.Must, says, runAsync);

    internal static Check Should(string rule, string says, Func<Scenario, Task> runAsync) => new(rule, Strength.Should, says, runAsync);

    // There are good servers without trees, results, or the state of uploads.
    private static Check WhereOffered(Check check) => check with
    {
        RunAsync = async scenario =>
        {
            try
            {
                await check.RunAsync(scenario);
            }
            catch (RpcException exception) when (exception.Code == StatusCode.Unimplemented)
            {
                throw new CheckException(Verdict.NotOffered, "it does not have the method");
            }
        },
    };
}
