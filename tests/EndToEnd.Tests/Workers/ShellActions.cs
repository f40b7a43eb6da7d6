using Google.LongRunning;
using Google.Protobuf;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>Actions that are shell scripts, executed over the wire.</summary>
internal static class ShellActions
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Has a script executed, and streams the operation's states.</summary>
    public static IAsyncEnumerable<Operation> ExecuteAsync(RpcChannel channel, string script, Reapi.Platform? platform = null) =>
        ExecuteAsync(channel, CommandOf(script, []), ActionOf(CommandOf(script, []), platform, isCached: false));

    /// <summary>Has a script executed to its end, and its result cached.</summary>
    /// <returns>The action, and what came of it.</returns>
    public static async Task<(TestBlob Action, Reapi.ExecuteResponse Response)> RunCachedAsync(RpcChannel channel, string script, params string[] outputs)
    {
        TestBlob command = CommandOf(script, outputs), action = ActionOf(command, platform: null, isCached: true);
        Operation last = await ExecuteAsync(channel, command, action).LastAsync(Token);
        return (action, last.Response.Unpack<Reapi.ExecuteResponse>());
    }

    private static TestBlob CommandOf(string script, string[] outputs) => TestBlob.Of(new Reapi.Command { Arguments = { "/bin/sh", "-c", script }, OutputPaths = { outputs } }.ToByteArray());

    private static TestBlob ActionOf(TestBlob command, Reapi.Platform? platform, bool isCached) => TestBlob.Of(new Reapi.Action
    {
        CommandDigest = command.Digest.ToProto(),
        InputRootDigest = TestBlob.Of([]).Digest.ToProto(),
        DoNotCache = !isCached,
        Platform = platform,
    }.ToByteArray());

    private static async IAsyncEnumerable<Operation> ExecuteAsync(RpcChannel channel, TestBlob command, TestBlob action)
    {
        var upload = new Reapi.BatchUpdateBlobsRequest();
        foreach (TestBlob blob in (TestBlob[])[command, action])
            upload.Requests.Add(new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) });
        await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
            "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", upload, Token);
        await foreach (Operation state in channel.ServerStreamAsync<Reapi.ExecuteRequest, Operation>(
            "/build.bazel.remote.execution.v2.Execution/Execute", new Reapi.ExecuteRequest { ActionDigest = action.Digest.ToProto() }, Token))
            yield return state;
    }

    /// <summary>Has a script executed to its end.</summary>
    public static async Task<Reapi.ExecuteResponse> RunAsync(RpcChannel channel, string script, Reapi.Platform? platform = null)
    {
        Operation last = await ExecuteAsync(channel, script, platform).LastAsync(Token);
        return last.Response.Unpack<Reapi.ExecuteResponse>();
    }
}
