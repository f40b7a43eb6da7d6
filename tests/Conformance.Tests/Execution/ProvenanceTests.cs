using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution;
using RemoteExec.Execution.Provenance;
using RemoteExec.Protocol.Provenances;
using RemoteExec.Protocol.Workers;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>What is signed of results on their way from a worker to its clients and into the cache.</summary>
public sealed class ProvenanceTests : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ProvenanceSigner signer;
    private readonly ProvenanceVerifier verifier;

    public ProvenanceTests()
    {
        signer = ProvenanceSigner.Parse(key.ExportPkcs8PrivateKeyPem(), TimeProvider.System);
        verifier = ProvenanceVerifier.Parse(key.ExportSubjectPublicKeyInfoPem());
    }

    public void Dispose()
    {
        verifier.Dispose();
        signer.Dispose();
        key.Dispose();
    }

    private Task<ExecutionServer> StartAsync() => ExecutionServer.StartAsync(new ExecutionOptions { Signer = signer });

    private Statement Verify(Reapi.ActionResult result, Digest action) => Assert.IsType<ProvenanceVerdict.Good>(verifier.Verify(result, action)).Statement;

    [Fact]
    public async Task The_client_and_the_cache_get_the_same_statement_whether_content_was_inlined_or_not()
    {
        await using ExecutionServer server = await StartAsync();
        Digest action = await server.StoreActionAsync();
        await using OperationStream one = server.Execute(action, request => request.InlineStdout = true);
        await using OperationStream other = server.Execute(action);
        FakeWorker worker = server.ConnectWorker("worker-7");
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();

        await worker.SucceedAsync(lease.LeaseId, new Reapi.ActionResult
        {
            StdoutRaw = ByteString.CopyFromUtf8("what it wrote"),
            ExecutionMetadata = new Reapi.ExecutedActionMetadata { Worker = "worker-7", AuxiliaryMetadata = { Any.Pack(new Usage { Sandbox = "namespaces", Host = "build-7" }) } },
        });

        Reapi.ActionResult inlined = (await one.ResponseAsync()).Result, plain = (await other.ResponseAsync()).Result, cached = (await server.CachedAsync(action))!;
        Assert.Equal("what it wrote", inlined.StdoutRaw.ToStringUtf8());
        Assert.True(plain.StdoutRaw.IsEmpty);
        Statement statement = Verify(cached, action);
        Assert.Equal([statement, statement], new[] { Verify(inlined, action), Verify(plain, action) });
        Assert.Equal(("worker-7", "build-7", "namespaces"), (statement.Worker, statement.Host, statement.Sandbox));
        Assert.Equal(("", ""), (statement.Caller, statement.CallerMethod)); // callers are not told apart here
    }

    [Fact]
    public async Task A_result_that_is_not_cached_is_signed_as_well()
    {
        await using ExecutionServer server = await StartAsync();
        Digest action = await server.StoreActionAsync();
        await using OperationStream stream = server.Execute(action);
        FakeWorker worker = server.ConnectWorker();

        await worker.SucceedAsync((await worker.TakeAsync()).LeaseId, new Reapi.ActionResult { ExitCode = 42 });

        Verify((await stream.ResponseAsync()).Result, action);
        Assert.Null(await server.CachedAsync(action));
    }

    [Fact]
    public async Task What_a_worker_signs_itself_is_taken_away()
    {
        await using ExecutionServer server = await StartAsync();
        Digest action = await server.StoreActionAsync();
        await using OperationStream stream = server.Execute(action);
        FakeWorker worker = server.ConnectWorker();
        var forged = new Provenance { Statement = new Statement { Action = action.ToProto(), Caller = "admin" }.ToByteString(), Signature = ByteString.CopyFrom(new byte[64]) };

        await worker.SucceedAsync((await worker.TakeAsync()).LeaseId, new Reapi.ActionResult { ExecutionMetadata = new Reapi.ExecutedActionMetadata { Worker = "worker", AuxiliaryMetadata = { Any.Pack(forged) } } });

        Reapi.ActionResult result = (await stream.ResponseAsync()).Result;
        Assert.Equal("", Verify(result, action).Caller);
        Assert.Single(result.ExecutionMetadata.AuxiliaryMetadata);
    }
}
