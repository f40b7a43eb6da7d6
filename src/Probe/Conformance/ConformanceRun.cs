using System.Runtime.CompilerServices;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Probe.Conformance;

/// <summary>Tries a server, whoever made it, for the rules of the API that can be seen from outside.</summary>
public static class ConformanceRun
{
    /// <summary>Runs checks one after the other, and gives what came of each. No check's failure ends the run.</summary>
    /// <param name="channel">To the server.</param>
    /// <param name="instance">The instance to try.</param>
    /// <param name="seed">What blobs are made of; another one each time, or a server that keeps them is tried for less.</param>
    /// <param name="checks">The checks.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ProbeException">The server does not tell what it offers, without which there is nothing to try.</exception>
    public static async IAsyncEnumerable<CheckResult> RunAsync(
        RpcChannel channel, string instance, int seed, IReadOnlyList<Check> checks, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Introduction introduction = await Introduction.AskAsync(channel, instance, cancellationToken);
        if (introduction.Capabilities is not { } capabilities)
            throw new ProbeException(introduction.Failure!.Value, introduction.Message);
        var random = new Random(seed);
        foreach (Check check in checks)
            yield return await RunAsync(check, new Scenario(channel, new ReapiClient(channel, instance), capabilities, random, cancellationToken));
    }

    private static async Task<CheckResult> RunAsync(Check check, Scenario scenario)
    {
        try
        {
            await check.RunAsync(scenario);
            return new CheckResult(check, Verdict.Pass, "");
        }
        catch (CheckException exception)
        {
            return new CheckResult(check, exception.Verdict, exception.Message);
        }
        catch (RpcException exception)
        {
            return new CheckResult(check, Verdict.Fail, exception.Code == StatusCode.Unimplemented
                ? $"it does not have a method that every server has: {exception.Status.Message}"
                : $"a call that should succeed ended with {exception.Code}: {exception.Status.Message}");
        }
    }
}
