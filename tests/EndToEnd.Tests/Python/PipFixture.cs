using RemoteExec.EndToEnd.Tests.Trees;

namespace RemoteExec.EndToEnd.Tests.Python;

/// <summary>A server with an index, another one behind that, and somebody with pip.</summary>
public sealed class PipFixture : IAsyncLifetime
{
    private ServerProcess server = null!;

    /// <summary>The one behind, with two versions of <c>helper</c>, of which one is for no Python that there is.</summary>
    internal ServerProcess Upstream { get; private set; } = null!;

    /// <summary>Who uses the index.</summary>
    internal PipUser User { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Upstream = await ServerProcess.StartAsync("--workers", "0");
        server = await ServerProcess.StartAsync("--workers", "0", "--set", $"pypi.indexes.team.upstream=http://{Upstream.HttpAddress}/pypi/pub/simple/", "--set", "pypi.indexes.team.allowPrivate=true");
        User = new PipUser(server);
        await User.PrepareAsync();
        using var publisher = new TreeUser(Upstream);
        TestWheel.Write(User["upstream"], "helper", "1.0");
        TestWheel.Write(User["upstream"], "helper", "2.0", requiresPython: ">=99");
        await publisher.RunAsync("pypi", "add", "pub", User["upstream"]);
    }

    /// <summary>Has the server forget what it only has in memory.</summary>
    internal async Task RestartAsync()
    {
        await server.StopAsync();
        await server.StartAgainAsync();
    }

    public async ValueTask DisposeAsync()
    {
        User?.Dispose();
        if (server is not null)
            await server.DisposeAsync();
        if (Upstream is not null)
            await Upstream.DisposeAsync();
    }
}
