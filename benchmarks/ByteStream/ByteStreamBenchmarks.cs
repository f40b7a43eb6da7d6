using System.Buffers;
using BenchmarkDotNet.Attributes;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Benchmarks.Framing;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Benchmarks.ByteStream;

/// <summary>Whole calls of ByteStream without sockets: the handlers with the stores behind them, composed as the server does it.</summary>
[MemoryDiagnoser]
public class ByteStreamBenchmarks
{
    private const string ReadMethod = "/google.bytestream.ByteStream/Read";
    private const string WriteMethod = "/google.bytestream.ByteStream/Write";
    private const int PieceBytes = 64 * 1024; // of data in one message of an upload
    private readonly InMemoryTransport transport = new();
    private readonly UploadSessions sessions = new(new UploadSessionsOptions(), TimeProvider.System);
    private BenchmarkStore store = null!;
    private RpcService reading = null!;
    private RpcService writing = null!;
    private byte[] readRequest = null!;
    private byte[] writeRequest = null!;

    /// <summary>The store behind.</summary>
    [Params(StoreKind.Memory, StoreKind.Segments)]
    public StoreKind Store { get; set; }

    /// <summary>The size of the blob.</summary>
    [Params(1024, 64 * 1024, 1024 * 1024)]
    public int BlobBytes { get; set; }

    [GlobalSetup]
    public async Task PrepareAsync()
    {
        store = await BenchmarkStore.OpenAsync(Store);
        reading = ServiceOver(store.Store);
        writing = ServiceOver(new ForgetfulStore(store.Store));
        var content = new byte[BlobBytes];
        new Random(1).NextBytes(content);
        Digest digest = IncrementalHasher.Compute(default, DigestFunction.Sha256, content);
        readRequest = Frames.Of(new ReadRequest { ResourceName = ResourceName.FormatRead(digest) });
        writeRequest = UploadOf(ResourceName.FormatWrite(digest, Guid.NewGuid().ToString()), content);

        // A benchmark of calls that do not do what they should says nothing.
        if (await transport.CallAsync(writing, WriteMethod, writeRequest, CommittedSizeOf) != BlobBytes)
            throw new InvalidOperationException("the upload was not taken");
        if (!(await transport.CallAsync(reading, ReadMethod, readRequest, DataOf)).SequenceEqual(content))
            throw new InvalidOperationException("what is read is not what was written");
    }

    [GlobalCleanup]
    public async Task CleanUpAsync()
    {
        await sessions.DisposeAsync();
        await store.DisposeAsync();
        transport.Dispose();
    }

    [Benchmark]
    public Task<long> ReadAsync() => transport.CallAsync(reading, ReadMethod, readRequest, static responses => responses.Length);

    /// <summary>An upload of a blob that is not there yet: in one message as far as it goes, else in several.</summary>
    [Benchmark]
    public Task<long> WriteAsync() => transport.CallAsync(writing, WriteMethod, writeRequest, static responses => responses.Length);

    private RpcService ServiceOver(IBlobStore inner) =>
        new ByteStreamService(new EmptyBlobStore(new VerifyingStore(inner)), sessions, new CasLimits()).ToRpcService();

    private static byte[] UploadOf(string resourceName, byte[] content)
    {
        var frames = new ArrayBufferWriter<byte>();
        for (int offset = 0; offset < content.Length; offset += PieceBytes)
        {
            int count = Math.Min(PieceBytes, content.Length - offset);
            frames.Write(Frames.Of(new WriteRequest
            {
                ResourceName = offset == 0 ? resourceName : "",
                WriteOffset = offset,
                Data = ByteString.CopyFrom(content, offset, count),
                FinishWrite = offset + count == content.Length,
            }));
        }

        return frames.WrittenSpan.ToArray();
    }

    private static long CommittedSizeOf(ReadOnlySequence<byte> responses) =>
        Frames.Messages(responses).Select(message => WriteResponse.Parser.ParseFrom(message)).Single().CommittedSize;

    private static byte[] DataOf(ReadOnlySequence<byte> responses) =>
        [.. Frames.Messages(responses).SelectMany(message => ReadResponse.Parser.ParseFrom(message).Data)];
}
