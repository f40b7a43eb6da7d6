namespace RemoteExec.EndToEnd.Tests.Runs;

/// <summary>A server with two slots, for all tests of a class.</summary>
public sealed class RunServer : IAsyncLifetime
{
    private ServerProcess server = null!;

    /// <summary>The server.</summary>
    internal ServerProcess Server => server;

    public async ValueTask InitializeAsync() => server = await ServerProcess.StartAsync("--workers", "2");

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
