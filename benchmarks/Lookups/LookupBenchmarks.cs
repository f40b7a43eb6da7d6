using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using RemoteExec.ActionCache;
using RemoteExec.ActionCache.Services;
using RemoteExec.Benchmarks.ByteStream;
using RemoteExec.Benchmarks.Framing;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Benchmarks.Lookups;

/// <summary>The unary calls that builds make most, without sockets: the handlers with stores on disk behind them, composed as the server does it.</summary>
[MemoryDiagnoser]
public class LookupBenchmarks
{
    private const string FindMissingMethod = "/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs";
    private const string BatchReadMethod = "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchReadBlobs";
    private const string GetResultMethod = "/build.bazel.remote.execution.v2.ActionCache/GetActionResult";
    private const int Blobs = 10_000;
    private const int BlobBytes = 1024;
    private readonly InMemoryTransport transport = new();
    private BenchmarkStore blobs = null!;
    private BenchmarkStore results = null!;
    private RpcService cas = null!;
    private RpcService actionCache = null!;
    private byte[] findOne = null!;
    private byte[] findAll = null!;
    private byte[] findAbsent = null!;
    private byte[] batchRead = null!;
    private byte[] getResult = null!;

    [GlobalSetup]
    public async Task PrepareAsync()
    {
        blobs = await BenchmarkStore.OpenAsync(StoreKind.Segments);
        results = await BenchmarkStore.OpenAsync(StoreKind.Segments);
        var store = new EmptyBlobStore(new VerifyingStore(blobs.Store));
        var limits = new CasLimits();
        cas = new CasService(store, null, limits).ToRpcService();
        var features = new ServerFeatures { Limits = limits };
        var cache = new CompleteActionCache(new ActionCacheStore(results.Store), store);
        actionCache = new ActionCacheService(cache, store, features).ToRpcService();

        var random = new Random(1);
        var content = new byte[BlobBytes];
        var digests = new List<Digest>();
        for (int i = 0; i < Blobs; i++)
        {
            random.NextBytes(content);
            digests.Add(await store.StoreAsync(EmptyBlob.DigestOf(default, DigestFunction.Sha256), content, CancellationToken.None));
        }

        var result = new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "bin/out", Digest = digests[0].ToProto() } } };
        await cache.PutAsync(digests[1], result, CancellationToken.None);
        findOne = Frames.Of(Find(digests.Take(1)));
        findAll = Frames.Of(Find(digests));
        findAbsent = Frames.Of(Find(digests.Select(digest => Digest.Create(default, digest.Function, digest.HashSpan, digest.SizeBytes + 1))));
        batchRead = Frames.Of(new Reapi.BatchReadBlobsRequest { Digests = { digests.Take(100).Select(digest => digest.ToProto()) } });
        getResult = Frames.Of(new Reapi.GetActionResultRequest { ActionDigest = digests[1].ToProto(), InlineStdout = true, InlineStderr = true });

        // A benchmark of calls that do not do what they should says nothing.
        Check(await FindAllAsync() == 5, "a blob is missing");
        Check(await FindAbsentAsync() > 70 * Blobs, "a blob is there that was never stored");
        Check(await BatchReadAsync() > 100 * BlobBytes, "not all blobs were read");
        Check(await GetActionResultAsync() == 5 + result.CalculateSize(), "the result is not the one that was stored");
    }

    [GlobalCleanup]
    public async Task CleanUpAsync()
    {
        await blobs.DisposeAsync();
        await results.DisposeAsync();
        transport.Dispose();
    }

    [Benchmark]
    public Task<long> GetActionResultAsync() => transport.CallAsync(actionCache, GetResultMethod, getResult, static responses => responses.Length);

    [Benchmark]
    public Task<long> FindOneAsync() => transport.CallAsync(cas, FindMissingMethod, findOne, static responses => responses.Length);

    /// <summary>10,000 blobs, all there.</summary>
    [Benchmark]
    public Task<long> FindAllAsync() => transport.CallAsync(cas, FindMissingMethod, findAll, static responses => responses.Length);

    /// <summary>10,000 blobs, none there.</summary>
    [Benchmark]
    public Task<long> FindAbsentAsync() => transport.CallAsync(cas, FindMissingMethod, findAbsent, static responses => responses.Length);

    /// <summary>100 blobs of 1 KiB.</summary>
    [Benchmark]
    public Task<long> BatchReadAsync() => transport.CallAsync(cas, BatchReadMethod, batchRead, static responses => responses.Length);

    private static Reapi.FindMissingBlobsRequest Find(IEnumerable<Digest> digests) => new() { BlobDigests = { digests.Select(digest => digest.ToProto()) } };

    private static void Check(bool isRight, string problem)
    {
        if (!isRight)
            throw new InvalidOperationException(problem);
    }
}
