using System.Net;
using System.Text.Json;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Python.Wheels;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli.Python;
using RemoteExec.Server.Hosting;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Server.Tests.Python;

/// <summary>Fills and reads the indexes of a server in this process.</summary>
internal sealed class IndexClient : IAsyncDisposable
{
    private readonly TemporaryDirectory files = new();
    private readonly RpcChannel channel;
    private readonly HttpClient http;

    public IndexClient(RunningServer server)
    {
        channel = TestServers.Connect(server);
        Address = $"http://{server.Listeners.First(listener => listener.Kind == ListenerKind.Http).Address}";
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(Address) };
    }

    /// <summary><c>http://HOST:PORT</c>.</summary>
    public string Address { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Adds a wheel as the command does.</summary>
    public async Task<FileRecord> AddAsync(string index, string name, string version, string body = "", string? channelName = null, string revision = "abc", string instance = "")
    {
        string from = files[Guid.NewGuid().ToString("N")];
        LocalDistribution wheel = await LocalDistribution.ReadAsync(TestWheel.Write(from, name, version, body: body), Token);
        ChannelBuild? build = channelName is null ? null : new ChannelBuild(ChannelName.Parse(channelName), revision, Directory.CreateDirectory(Path.Combine(from, "build")).FullName);
        return (await PublisherOf(index, instance).AddAsync([wheel], build, Token)).Single().Record;
    }

    public Publisher PublisherOf(string index, string instance = "")
    {
        TimeSpan patience = TimeSpan.FromSeconds(5);
        IBlobStore cas = new RemoteStore(channel, patience, TimeProvider.System, gathers: true);
        InstanceName place = InstanceName.Parse(instance);
        var reference = new ClientReference(new ReferenceClient(channel, place, patience, TimeProvider.System), IndexName.Parse(index).Reference);
        return new Publisher(new IndexEditor(reference, cas, place), cas, place, TimeProvider.System);
    }

    /// <summary>Asks for a path, as it is written.</summary>
    public async Task<(HttpStatusCode Status, byte[] Body, HttpResponseMessage Response)> GetAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        HttpResponseMessage response = await http.SendAsync(request, Token);
        return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(Token), response);
    }

    /// <summary>Asks in another way.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path) => http.SendAsync(new HttpRequestMessage(method, path), Token);

    /// <summary>True if there is such a project.</summary>
    public async Task<bool> HasAsync(string index, string project) => (await GetAsync($"/pypi/{index}/simple/{project}/")).Status != HttpStatusCode.NotFound;

    /// <summary>The names of the files of a project, which is there.</summary>
    public async Task<string[]> FilesAsync(string index, string project)
    {
        (HttpStatusCode status, byte[] body, _) = await GetAsync($"/pypi/{index}/simple/{project}/", ("accept", "application/vnd.pypi.simple.v1+json"));
        Assert.Equal(HttpStatusCode.OK, status);
        return [.. JsonDocument.Parse(body).RootElement.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("filename").GetString()!)];
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await channel.DisposeAsync();
        files.Dispose();
    }
}
