using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Builds.Explain;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Tests.Explain;

/// <summary>An action that compiles a file, to be changed and stored.</summary>
internal sealed record ActionSample
{
    public IReadOnlyList<string> Arguments { get; init; } = ["tools/cc", "-O2", "-Iinclude", "-c", "app/main.cc", "-o", "bazel-out/k8-fastbuild/bin/app/main.o"];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string> { ["PATH"] = "/bin:/usr/bin" };

    public IReadOnlyList<(string Name, string Value)> Platform { get; init; } = [("OSFamily", "linux")];

    public string WorkingDirectory { get; init; } = "";

    public IReadOnlyList<string> Outputs { get; init; } = ["bazel-out/k8-fastbuild/bin/app/main.o"];

    public TimeSpan? Timeout { get; init; }

    public string Salt { get; init; } = "";

    public bool DoNotCache { get; init; }

    /// <summary>Files by their paths.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>
    {
        ["app/main.cc"] = "int main() {}\n",
        ["lib/x.h"] = "#define X 1\nint x();\n",
        ["tools/cc"] = "a compiler",
    };

    public IReadOnlyCollection<string> Executables { get; init; } = ["tools/cc"];

    public IReadOnlyDictionary<string, string> Symlinks { get; init; } = new Dictionary<string, string>();

    public IReadOnlyCollection<string> Tools { get; init; } = [];

    public ActionSample WithFile(string path, string content) => this with { Files = new Dictionary<string, string>(Files) { [path] = content } };

    public ActionSample WithoutFile(string path) => this with { Files = Files.Where(file => file.Key != path).ToDictionary() };

    public ActionSample WithArgument(string before, params string[] after) => this with { Arguments = [.. Arguments.SelectMany(argument => argument == before ? after : [argument])] };

    /// <summary>Puts the action and all that belongs to it into a store.</summary>
    public async Task<ActionContent> StoreAsync(IBlobStore cas, string instance = "")
    {
        Protocol.Digest sibling = TestBlob.Of([], instance).Digest;
        var tree = new MerkleTreeBuilder(sibling.Instance, sibling.Function);
        foreach ((string path, string content) in Files)
        {
            Protocol.Digest digest = await cas.StoreAsync(sibling, Encoding.UTF8.GetBytes(content), CancellationToken.None);
            Reapi.NodeProperties? properties = Tools.Contains(path)
                ? new Reapi.NodeProperties { Properties = { new Reapi.NodeProperty { Name = "bazel_tool_input", Value = "" } } }
                : null;
            tree.AddFile(path, digest, Executables.Contains(path), properties);
        }

        foreach ((string path, string target) in Symlinks)
            tree.AddSymlink(path, target);
        MerkleTree built = tree.Build();
        foreach ((Protocol.Digest digest, ReadOnlyMemory<byte> content) in built.Blobs)
            await cas.WriteAllAsync(digest, content, CancellationToken.None);

        var command = new Reapi.Command
        {
            Arguments = { Arguments },
            EnvironmentVariables = { Environment.Select(variable => new Reapi.Command.Types.EnvironmentVariable { Name = variable.Key, Value = variable.Value }) },
            OutputPaths = { Outputs },
            WorkingDirectory = WorkingDirectory,
        };
        var action = new Reapi.Action
        {
            CommandDigest = (await cas.StoreAsync(sibling, command.ToByteArray(), CancellationToken.None)).ToProto(),
            InputRootDigest = built.RootDigest.ToProto(),
            Timeout = Timeout is { } timeout ? Duration.FromTimeSpan(timeout) : null,
            DoNotCache = DoNotCache,
            Salt = ByteString.CopyFromUtf8(Salt),
            Platform = new Reapi.Platform { Properties = { Platform.Select(property => new Reapi.Platform.Types.Property { Name = property.Name, Value = property.Value }) } },
        };
        return await ActionContent.LoadAsync(cas, await cas.StoreAsync(sibling, action.ToByteArray(), CancellationToken.None), CancellationToken.None);
    }
}
