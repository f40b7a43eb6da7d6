using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace RemoteExec.Server.Hosting;

/// <summary>Where meters come from; disposing ends those that were made.</summary>
internal sealed class Meters : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    /// <summary>Makes meters.</summary>
    public IMeterFactory Factory => services.GetRequiredService<IMeterFactory>();

    /// <inheritdoc/>
    public void Dispose() => services.Dispose();
}
