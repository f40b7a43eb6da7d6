using System.Reflection;
using Google.Protobuf.Reflection;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Services;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Tests.Operators;

namespace RemoteExec.Server.Tests.Auth;

/// <summary>Each method and each path has a row that says what it takes.</summary>
public sealed class AccessTableTests
{
    [Fact]
    public void Every_method_of_every_proto_has_a_row_and_every_row_a_method()
    {
        IEnumerable<string> methods = new[] { typeof(InstanceName).Assembly, typeof(HealthService).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .Select(type => type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static) is { } property && property.PropertyType == typeof(FileDescriptor) ? (FileDescriptor)property.GetValue(null)! : null)
            .OfType<FileDescriptor>()
            .SelectMany(file => file.Services)
            .SelectMany(service => service.Methods, (service, method) => $"/{service.FullName}/{method.Name}");

        Assert.Equal(methods.Order(StringComparer.Ordinal), MethodRights.Rows.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_path_of_the_API_has_a_row_and_every_row_a_path()
    {
        await using SteeredServer steered = await SteeredServer.StartAsync();

        IEnumerable<string> paths = steered.Server.Routes.All.Select(route => route.Template).Concat(steered.Server.OperatorPaths!.Paths.Select(path => path.Path));

        Assert.Equal(paths.Order(StringComparer.Ordinal), HttpRights.Rows.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_has_no_row_takes_admin()
    {
        Assert.Equal(new MethodRight(Protocol.Access.Right.Admin, IsEverywhere: true), MethodRights.Of("/some.Service/Method"));
        Assert.Equal(HttpRight.Other, HttpRights.Of("some/path"));
    }
}
