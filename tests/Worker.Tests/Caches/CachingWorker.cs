using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Tests.Caches;

/// <summary>Runs shell scripts whose platform asks for caches.</summary>
internal static class CachingWorker
{
    /// <summary>Runs a script; the platform's properties are given as <c>name=value</c>.</summary>
    public static async Task<Reapi.ExecuteResponse> RunAsync(
        this ActionFixture worker, string script, string[] properties, string[]? outputs = null, string instance = "some/instance", string directory = "", TimeSpan? timeout = null)
    {
        var command = new Reapi.Command { Arguments = { "/bin/bash", "-c", script }, OutputPaths = { outputs ?? [] }, WorkingDirectory = directory };
        command.EnvironmentVariables.Add(new Reapi.Command.Types.EnvironmentVariable { Name = "PATH", Value = "/usr/bin:/bin" });
        var anchor = EmptyBlob.DigestOf(InstanceName.Parse(instance), DigestFunction.Sha256);
        MerkleTree tree;
        lock (worker)
        {
            tree = worker.Inputs.Build();
            worker.Inputs = ActionFixture.NewTree();
        }

        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await worker.Cas.WriteAllAsync(anchor.TryParseSibling(digest.ToProto(), out Digest own, out _) ? own : digest, encoded, CancellationToken.None);
        var action = new Reapi.Action
        {
            CommandDigest = (await worker.Cas.StoreAsync(anchor, command.ToByteArray(), CancellationToken.None)).ToProto(),
            InputRootDigest = tree.RootDigest.ToProto(),
            Platform = new Reapi.Platform { Properties = { properties.Select(property => property.Split('=', 2)).Select(pair => new Reapi.Platform.Types.Property { Name = pair[0], Value = pair[1] }) } },
        };
        var lease = new ActionLease("lease", anchor.SiblingOf(action.ToByteArray()), action, timeout ?? TimeSpan.FromMinutes(1), null);
        return (await worker.Executor.ExecuteAsync(lease, _ => { }, TestContext.Current.CancellationToken)).Response;
    }

    /// <summary>What a script writes to standard output; it has to succeed.</summary>
    public static async Task<string> TellAsync(this ActionFixture worker, string script, params string[] properties) => await worker.TellInAsync("some/instance", script, properties);

    /// <summary>The same in any instance.</summary>
    public static async Task<string> TellInAsync(this ActionFixture worker, string instance, string script, params string[] properties)
    {
        Reapi.ExecuteResponse response = await worker.RunAsync(script, properties, instance: instance);
        Assert.Null(response.Status);
        Digest anchor = EmptyBlob.DigestOf(InstanceName.Parse(instance), DigestFunction.Sha256);
        string[] said = [.. await Task.WhenAll(new[] { response.Result.StdoutDigest, response.Result.StderrDigest }.Select(async digest => digest is null
            ? ""
            : System.Text.Encoding.UTF8.GetString((await worker.Cas.ReadAllAsync(anchor.TryParseSibling(digest, out Digest own, out _) ? own : anchor, 1 << 20, CancellationToken.None))!)))];
        Assert.True(response.Result.ExitCode == 0, said[1]);
        return said[0];
    }
}
