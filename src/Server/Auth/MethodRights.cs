using System.Collections.Frozen;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth;

/// <summary>What each method of gRPC takes: one row for each. A method without one takes <c>admin</c>; a test sees to it that there is none.</summary>
internal static class MethodRights
{
    private const string Reapi = "/build.bazel.remote.execution.v2.";
    private const string Asset = "/build.bazel.remote.asset.v1.";
    private const string Bytes = "/google.bytestream.ByteStream/";
    private const string Operations = "/google.longrunning.Operations/";
    private const string Events = "/google.devtools.build.v1.PublishBuildEvent/";
    private const string Operator = "/remoteexec.operator.v1.Operator/";
    private const string References = "/remoteexec.references.v1.References/";
    private static readonly MethodRight others = new(Right.Admin, IsEverywhere: true);
    private static readonly MethodRight operates = new(Right.Operate, IsEverywhere: true);

    private static readonly FrozenDictionary<string, MethodRight> rows = new Dictionary<string, MethodRight>(StringComparer.Ordinal)
    {
        ["/grpc.health.v1.Health/Check"] = MethodRight.Public,
        ["/grpc.health.v1.Health/List"] = MethodRight.Public,
        ["/grpc.health.v1.Health/Watch"] = MethodRight.Public,
        ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] = MethodRight.Public,
        ["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"] = MethodRight.Public,

        [Reapi + "Capabilities/GetCapabilities"] = new(CapabilitiesService.OneOf),
        [Reapi + "ContentAddressableStorage/FindMissingBlobs"] = new(Right.ReadCas | Right.WriteCas),
        [Reapi + "ContentAddressableStorage/BatchUpdateBlobs"] = new(Right.WriteCas),
        [Reapi + "ContentAddressableStorage/BatchReadBlobs"] = new(Right.ReadCas),
        [Reapi + "ContentAddressableStorage/GetTree"] = new(Right.ReadCas),
        [Reapi + "ContentAddressableStorage/SplitBlob"] = new(Right.ReadCas),
        [Reapi + "ContentAddressableStorage/SpliceBlob"] = new(Right.WriteCas),
        [Bytes + "Read"] = new(Right.ReadCas),
        [Bytes + "Write"] = new(Right.WriteCas),
        [Bytes + "QueryWriteStatus"] = new(Right.WriteCas),
        [Reapi + "ActionCache/GetActionResult"] = new(Right.ReadAc),
        [Reapi + "ActionCache/UpdateActionResult"] = new(Right.WriteAc),
        [Reapi + "Execution/Execute"] = new(Right.Execute),
        [Reapi + "Execution/WaitExecution"] = new(Right.Execute),
        [Operations + "GetOperation"] = new(Right.Execute | Right.Operate),
        [Operations + "ListOperations"] = new(Right.Execute | Right.Operate),
        [Operations + "WaitOperation"] = new(Right.Execute | Right.Operate),
        [Operations + "CancelOperation"] = new(Right.Execute | Right.Operate),
        [Operations + "DeleteOperation"] = new(Right.Execute | Right.Operate),

        // Events name no instance: they are of a build, whose calls have one.
        [Events + "PublishLifecycleEvent"] = new(Right.ReadAc),
        [Events + "PublishBuildToolEventStream"] = new(Right.ReadAc),

        // Names are to what they stand for as actions are to their results.
        [References + "GetReference"] = new(Right.ReadAc),
        [References + "ListReferences"] = new(Right.ReadAc),
        [References + "ListHistory"] = new(Right.ReadAc),
        [References + "WatchReference"] = new(Right.ReadAc),
        [References + "SetReference"] = new(Right.WriteAc),
        [References + "DeleteReference"] = new(Right.WriteAc),

        [Operator + "ListQueues"] = operates,
        [Operator + "ListWorkers"] = operates,
        [Operator + "ListOperations"] = operates,
        [Operator + "GetOperation"] = operates,
        [Operator + "GetScaling"] = operates,
        [Operator + "CancelOperations"] = operates,
        [Operator + "DrainWorkers"] = operates,

        ["/remoteexec.worker.v1.WorkerQueue/Synchronize"] = new(Right.Work, IsEverywhere: true),
        ["/build.bazel.remote.logstream.v1.LogStreamService/CreateLogStream"] = new(Right.WriteCas), // for an action that runs

        // What is fetched is written; what is pushed decides what others get.
        [Asset + "Fetch/FetchBlob"] = new(Right.WriteCas),
        [Asset + "Fetch/FetchDirectory"] = new(Right.WriteCas),
        [Asset + "Push/PushBlob"] = new(Right.WriteAc),
        [Asset + "Push/PushDirectory"] = new(Right.WriteAc),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The rows.</summary>
    public static IReadOnlyDictionary<string, MethodRight> Rows => rows;

    /// <summary>What a method takes, <c>/package.Service/Method</c>.</summary>
    public static MethodRight Of(string method) => rows.TryGetValue(method, out MethodRight row) ? row : others;
}
