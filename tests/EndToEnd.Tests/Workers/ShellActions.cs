using Google.LongRunning;
using Google.Protobuf;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>Actions that are shell scripts, executed over the wire.</summary>
internal static class ShellActions
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Has a script executed, and streams the operation's states.</summary>
    public static async IAsyncEnumerable<Operation> ExecuteAsync(RpcChannel channel, string script, Reapi.Platform? platform = null)
    {
        TestBlob command = TestBlob.Of(new Reapi.Command { Arguments = { "/bin/sh", "-c", script } }.ToByteArray());
        TestBlob action = TestBlob.Of(new Reapi.Action
        {
            CommandDigest = command.Digest.ToProto(),
            InputRootDigest = TestBlob.Of([]).Digest.ToProto(),
            DoNotCache = true,
            Platform = platform,
        }.ToByteArray());
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
