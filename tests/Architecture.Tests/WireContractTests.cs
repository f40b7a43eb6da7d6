using System.Reflection;
using Google.Protobuf.Reflection;

namespace RemoteExec.Architecture.Tests;

/// <summary>The compiled message definitions are, field by field, the contract that clients were compiled from.</summary>
public sealed class WireContractTests
{
    private static readonly string directory = Path.Combine(AppContext.BaseDirectory, "wire-contract");
    private static readonly Dictionary<string, FileDescriptor> descriptors = FindDescriptors();

    public static TheoryData<string> ContractFiles { get; } = [.. ReadContract().Keys.Order(StringComparer.Ordinal)];

    public static TheoryData<string> DefinitionFiles { get; } =
        [.. descriptors.Keys.Where(name => !name.StartsWith("remoteexec/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(ContractFiles))]
    public void What_is_compiled_is_the_contract(string file)
    {
        Assert.True(descriptors.TryGetValue(file, out FileDescriptor? descriptor), $"{file} is in the contract and not compiled");

        Assert.Equal(string.Join('\n', ReadContract()[file]), string.Join('\n', ContractWriter.Write(descriptor).Prepend($"package {descriptor.Package}")));
    }

    [Theory]
    [MemberData(nameof(DefinitionFiles))]
    public void Nothing_is_compiled_that_is_not_in_the_contract(string file) => Assert.Contains(file, ReadContract().Keys);

    [Fact]
    public void The_contract_covers_all_services()
    {
        string[] services = [.. descriptors.Values.SelectMany(file => file.Services).Select(service => service.FullName)];

        Assert.Contains("build.bazel.remote.execution.v2.Execution", services);
        Assert.Contains("build.bazel.remote.execution.v2.ContentAddressableStorage", services);
        Assert.Contains("google.bytestream.ByteStream", services);
        Assert.Contains("grpc.health.v1.Health", services);
        Assert.Contains("grpc.reflection.v1.ServerReflection", services);
    }

    // Lines by the name of the .proto file; the package stands once in each text and is put before each of its files.
    private static Dictionary<string, List<string>> ReadContract()
    {
        var files = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (string path in Directory.EnumerateFiles(directory, "*.txt"))
        {
            string package = "";
            List<string>? current = null;
            foreach (string line in File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#'))
            {
                if (line.StartsWith("package ", StringComparison.Ordinal))
                    package = line["package ".Length..];
                else if (line.StartsWith("file ", StringComparison.Ordinal))
                    files.Add(line["file ".Length..], current = [$"package {package}", line]);
                else
                    current!.Add(line);
            }

            Assert.Equal(Path.GetFileNameWithoutExtension(path), package);
        }

        return files;
    }

    private static Dictionary<string, FileDescriptor> FindDescriptors()
    {
        // Ours are found in our assemblies, the well-known types through the contract's names in Google's.
        var contract = ReadContract().Keys.ToHashSet(StringComparer.Ordinal);
        Assembly google = typeof(FileDescriptor).Assembly;
        var found = new Dictionary<string, FileDescriptor>(StringComparer.Ordinal);
        foreach (Assembly assembly in (Assembly[])[typeof(Protocol.Digest).Assembly, typeof(Rpc.RpcStatus).Assembly, google])
        {
            foreach (FileDescriptor file in assembly.GetTypes()
                .Where(type => type.Name.EndsWith("Reflection", StringComparison.Ordinal))
                .Select(type => type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static))
                .Where(property => property?.PropertyType == typeof(FileDescriptor))
                .Select(property => (FileDescriptor)property!.GetValue(null)!))
            {
                if (assembly != google || contract.Contains(file.Name))
                    found.Add(file.Name, file);
            }
        }

        return found;
    }
}
