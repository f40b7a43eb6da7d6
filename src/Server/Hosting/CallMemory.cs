using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Server.Hosting;

/// <summary>What calls take memory for: what brings content is refused first when there is little, what builds and workers can't do without last.</summary>
internal static class CallMemory
{
    /// <summary>What a method takes it for, by its path.</summary>
    public static MemoryUse UseOf(string method) => method switch
    {
        "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs"
            or "/build.bazel.remote.execution.v2.ContentAddressableStorage/SpliceBlob"
            or "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult"
            or "/build.bazel.remote.asset.v1.Fetch/FetchBlob"
            or "/build.bazel.remote.asset.v1.Fetch/FetchDirectory"
            or "/build.bazel.remote.asset.v1.Push/PushBlob"
            or "/build.bazel.remote.asset.v1.Push/PushDirectory"
            or "/google.bytestream.ByteStream/Write"
            or "/google.devtools.build.v1.PublishBuildEvent/PublishLifecycleEvent"
            or "/google.devtools.build.v1.PublishBuildEvent/PublishBuildToolEventStream" => MemoryUse.Write,
        "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchReadBlobs"
            or "/build.bazel.remote.execution.v2.ContentAddressableStorage/GetTree"
            or "/build.bazel.remote.execution.v2.ContentAddressableStorage/SplitBlob"
            or "/google.bytestream.ByteStream/Read" => MemoryUse.Read,
        _ => MemoryUse.LookUp,
    };
}
