using RemoteExec.Server.Configuration;
using RemoteExec.Worker;

namespace RemoteExec.Server.Hosting;

/// <summary>Turns what is configured of a worker into the worker's own options.</summary>
internal static class WorkerSettings
{
    /// <summary>The worker's options.</summary>
    /// <param name="configured">What is configured.</param>
    /// <param name="dataDirectory">Where the worker keeps what it has, if it is told no other place.</param>
    /// <exception cref="StartupException">The worker can't run with them.</exception>
    public static WorkerOptions ToOptions(LocalWorkerOptions configured, string dataDirectory)
    {
        IEnumerable<KeyValuePair<string, string>> own = WorkerOptions.DefaultPlatform.Where(property => !configured.Platform.ContainsKey(property.Key));
        IEnumerable<KeyValuePair<string, string>> more = configured.Platform.SelectMany(property => property.Value, (property, value) => KeyValuePair.Create(property.Key, value));
        var options = new WorkerOptions
        {
            Name = configured.Name ?? Environment.MachineName,
            Slots = configured.Slots ?? Environment.ProcessorCount,
            Cores = configured.Cores,
            MemoryBytes = configured.Memory?.Bytes,
            Platform = [.. own, .. more],
            ScratchDirectory = Path.GetFullPath(configured.Scratch ?? DataDirectories.ScratchIn(dataDirectory)),
            FileCacheBytes = configured.CacheBytes.Bytes,
            SeparateUsers = configured.SeparateUsers,
            MaxOutputBytes = configured.MaxOutputBytes.Bytes,
            MaxOutputFiles = configured.MaxOutputFiles,
            MaxDiskBytes = configured.MaxDiskBytes.Bytes,
            MinFreeDiskBytes = configured.MinFreeDisk?.Bytes,
            Sandbox = configured.Sandbox.ToOptions(),
        };
        return options.Validate().FirstOrDefault() is { } problem ? throw new StartupException($"the worker can't run: {problem}") : options;
    }
}
