using Build.Bazel.Semver;
using RemoteExec.Cas.Chunking;
using RemoteExec.Cas.Compression;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Cas.Services;

/// <summary>Answers what this server offers: to a caller, in an instance, what he may use of it there.</summary>
public sealed class CapabilitiesService(ServerFeatures features)
{
    /// <summary>Who has one of these in an instance is told what is offered there.</summary>
    public const Right OneOf = Right.ReadCas | Right.WriteCas | Right.ReadAc | Right.WriteAc | Right.Execute | Right.Work;

    /// <summary>The service's methods.</summary>
    public RpcService ToRpcService() => new RpcService(Reapi.RemoteExecutionReflection.Descriptor, "Capabilities", CasErrors.ToStatus)
        .Unary<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>("GetCapabilities", GetCapabilitiesAsync);

    private Task<Reapi.ServerCapabilities> GetCapabilitiesAsync(Reapi.GetCapabilitiesRequest request, RpcCall call)
    {
        InstanceName instance = RequestArguments.Instance(request.InstanceName);
        features.Access.Check(OneOf, instance);

        // The low end is 2.0 because old Bazels know nothing above it. What came with 2.12 is optional and has flags of its own.
        var answer = new Reapi.ServerCapabilities
        {
            LowApiVersion = new SemVer { Major = 2, Minor = 0 },
            HighApiVersion = new SemVer { Major = 2, Minor = 12 },
        };
        if (features.Cache)
            answer.CacheCapabilities = Cache(instance);
        if (features.Execution && !features.PolicyOf(instance).IsReadOnly && features.Access.Allows(Right.Execute, instance))
            answer.ExecutionCapabilities = Execution();
        return Task.FromResult(answer);
    }

    private Reapi.CacheCapabilities Cache(InstanceName instance)
    {
        var cache = new Reapi.CacheCapabilities
        {
            ActionCacheUpdateCapabilities = new Reapi.ActionCacheUpdateCapabilities { UpdateEnabled = features.MayUpdate(instance) && features.Access.Allows(Right.WriteAc, instance) },
            MaxBatchTotalSizeBytes = features.Limits.MaxBatchTotalBytes,
            MaxCasBlobSizeBytes = features.Limits.MaxBlobBytes,
            SymlinkAbsolutePathStrategy = features.AbsoluteSymlinks
                ? Reapi.SymlinkAbsolutePathStrategy.Types.Value.Allowed
                : Reapi.SymlinkAbsolutePathStrategy.Types.Value.Disallowed,
            SplitBlobSupport = true,
            SpliceBlobSupport = true,
            FastCdc2020Params = new Reapi.FastCdc2020Params { AvgChunkSizeBytes = Chunkers.FastCdcAverageBytes, Seed = Chunkers.FastCdcSeed },
            RepMaxCdcParams = new Reapi.RepMaxCdcParams { MinChunkSizeBytes = Chunkers.RepMaxCdcMinBytes, HorizonSizeBytes = Chunkers.RepMaxCdcHorizonBytes },
            CachePriorityCapabilities = Priorities(features.CachePriorities),
        };
        cache.DigestFunctions.Add(features.DigestFunctions.Select(ToWire));
        cache.SupportedCompressors.Add(BlobCompression.Supported);
        cache.SupportedBatchUpdateCompressors.Add(BlobCompression.Supported);
        return cache;
    }

    private Reapi.ExecutionCapabilities Execution()
    {
        var execution = new Reapi.ExecutionCapabilities
        {
            DigestFunction = ToWire(features.DigestFunctions[0]),
            ExecEnabled = true,
            ExecutionPriorityCapabilities = Priorities(features.ExecutionPriorities),
        };
        execution.DigestFunctions.Add(features.DigestFunctions.Select(ToWire));
        execution.SupportedNodeProperties.Add(features.NodeProperties);
        return execution;
    }

    private static Reapi.PriorityCapabilities? Priorities((int Min, int Max)? range) => range is not { } bounds
        ? null
        : new Reapi.PriorityCapabilities
        {
            Priorities = { new Reapi.PriorityCapabilities.Types.PriorityRange { MinPriority = bounds.Min, MaxPriority = bounds.Max } },
        };

    private static Reapi.DigestFunction.Types.Value ToWire(DigestFunction function) => (Reapi.DigestFunction.Types.Value)function;
}
