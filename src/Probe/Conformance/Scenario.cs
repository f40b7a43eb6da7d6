using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Probe.Conformance;

/// <summary>What a check has at hand: a server with all that it says it offers, and things to try it with.</summary>
public sealed class Scenario
{
    private readonly RpcChannel channel;
    private readonly Random random;

    internal Scenario(RpcChannel channel, ReapiClient client, Reapi.ServerCapabilities capabilities, Random random, CancellationToken token)
    {
        this.channel = channel;
        this.random = random;
        Client = client;
        Capabilities = capabilities;
        Token = token;
    }

    /// <summary>Calls the server.</summary>
    internal ReapiClient Client { get; }

    /// <summary>What it says it offers.</summary>
    internal Reapi.ServerCapabilities Capabilities { get; }

    /// <summary>The part of it that is about the cache.</summary>
    internal Reapi.CacheCapabilities Cache => Capabilities.CacheCapabilities ?? throw new CheckException(Verdict.NotOffered, "no cache is offered");

    /// <summary>Ends the check.</summary>
    internal CancellationToken Token { get; }

    /// <summary>A client of another instance.</summary>
    internal ReapiClient ClientOf(string instance) => new(channel, instance);

    /// <summary>A blob that the server can't have.</summary>
    internal ProbeBlob NewBlob(int length = 1000)
    {
        _ = Cache;
        return ProbeBlob.Random(random, length);
    }

    /// <summary>A blob that the server has been given, by the batch call.</summary>
    internal async Task<ProbeBlob> AddAsync(int length = 1000) => await AddAsync(NewBlob(length));

    /// <summary>Gives the server a blob.</summary>
    internal async Task<ProbeBlob> AddAsync(ProbeBlob blob)
    {
        if (blob.Content.Length > 1024 * 1024) // more may be too much for a batch
        {
            await Client.UploadAsync(blob, Token);
            return blob;
        }

        Reapi.BatchUpdateBlobsResponse answer = await Client.BatchUpdateAsync([blob], Token);
        Require(answer.Responses is [{ Status: null or { Code: 0 } }], $"an upload of {blob.Content.Length} bytes ended with {(StatusCode)(answer.Responses.FirstOrDefault()?.Status?.Code ?? 2)}");
        return blob;
    }

    /// <summary>True if the server says that it has a blob.</summary>
    internal async Task<bool> HasAsync(ProbeBlob blob) => (await Client.FindMissingAsync([blob.Wire], Token)).Count == 0;

    /// <summary>Fails the check if something is not so.</summary>
    internal static void Require(bool isSo, string otherwise)
    {
        if (!isSo)
            throw new CheckException(Verdict.Fail, otherwise);
    }

    /// <summary>Ends the check if what it is about is not there to be tried.</summary>
    internal static void Need(bool isOffered, string what)
    {
        if (!isOffered)
            throw new CheckException(Verdict.NotOffered, what);
    }

    /// <summary>Fails the check unless a call ends with one of these codes. That the server does not have the method is another matter, and thrown.</summary>
    internal static async Task RefusesAsync(Task call, params StatusCode[] codes)
    {
        StatusCode code = StatusCode.Ok;
        string message = "";
        try
        {
            await call;
        }
        catch (RpcException exception) when (exception.Code != StatusCode.Unimplemented || codes.Contains(StatusCode.Unimplemented))
        {
            (code, message) = (exception.Code, $": {exception.Status.Message}");
        }

        Require(codes.Contains(code), $"ended with {code} instead of {string.Join(" or ", codes)}{message}");
    }

    /// <summary>Calls a method that no server has.</summary>
    internal Task CallUnknownMethodAsync() => channel.UnaryAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>(
        "/build.bazel.remote.execution.v2.Capabilities/NoSuchMethod", new Reapi.GetCapabilitiesRequest(), Token);
}
