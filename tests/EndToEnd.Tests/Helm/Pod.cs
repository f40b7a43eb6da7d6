using System.Text.Json.Nodes;

namespace RemoteExec.EndToEnd.Tests.Helm;

/// <summary>A pod of the chart as a process on this machine: with the arguments, the volumes and the user that it has, in a root file system that can't be written to.</summary>
internal sealed class Pod : IAsyncDisposable
{
    private readonly JsonNode spec;
    private readonly string directory;
    private readonly string hosts;
    private readonly List<(string Source, string Target, bool IsWritable)> volumes = [];
    private readonly List<string> emptied = [];
    private ChildProcess? process;

    /// <summary>Lays its volumes out; it is not started.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="component">What it is: <c>front</c>, <c>scheduler</c>, <c>storage</c> or <c>worker</c>.</param>
    /// <param name="address">Its address, where it listens instead of everywhere.</param>
    /// <param name="spec">Its specification.</param>
    /// <param name="files">The files of a ConfigMap or a Secret, by their names.</param>
    /// <param name="directory">Where its volumes are to lie.</param>
    /// <param name="hosts">A file with the names of all pods and Services.</param>
    public Pod(string name, string component, string address, JsonNode spec, Func<string, IReadOnlyDictionary<string, byte[]>> files, string directory, string hosts)
    {
        (Name, Component, Address, this.spec, this.directory, this.hosts) = (name, component, address, spec, directory, hosts);
        volumes.Add((AppContext.BaseDirectory, "/opt/remoteexec", false));
        foreach (JsonNode mount in Container["volumeMounts"]!.AsArray().Select(mount => mount!))
        {
            string volume = (string)mount["name"]!, source = Path.Combine(directory, volume);
            System.IO.Directory.CreateDirectory(source);
            JsonNode? meant = spec["volumes"]!.AsArray().SingleOrDefault(one => (string)one!["name"]! == volume); // none for a claim
            if (meant?["emptyDir"] is not null)
                emptied.Add(source);
            if ((string?)meant?["configMap"]?["name"] is { } map)
                Write(source, files(map).Select(file => (file.Key, System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(file.Value).Replace("0.0.0.0", address, StringComparison.Ordinal)))));
            if ((string?)meant?["secret"]?["secretName"] is { } secret)
                Write(source, meant["secret"]!["items"] is JsonArray items ? items.Select(item => ((string)item!["path"]!, files(secret)[(string)item["key"]!])) : files(secret).Select(file => (file.Key, file.Value)));
            volumes.Add((source, (string)mount["mountPath"]!, !((bool?)mount["readOnly"] ?? false)));
        }
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it is: <c>front</c>, <c>scheduler</c>, <c>storage</c> or <c>worker</c>.</summary>
    public string Component { get; }

    /// <summary>Its address.</summary>
    public string Address { get; }

    /// <summary>True while it takes calls: from when it is ready until it is told to stop.</summary>
    public bool IsReady { get; private set; }

    /// <summary>What it printed since it was started last.</summary>
    public string Output => process!.Output;

    private JsonNode Container => spec["containers"]!.AsArray().Single()!;

    private string User => ((int)spec["securityContext"]!["runAsUser"]!).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Starts it, and waits until it is ready. What it had beyond its claims is gone.</summary>
    public async Task StartAsync()
    {
        foreach (string volume in emptied.Where(System.IO.Directory.Exists))
        {
            System.IO.Directory.Delete(volume, recursive: true);
            System.IO.Directory.CreateDirectory(volume);
        }

        string root = System.IO.Directory.CreateDirectory(Path.Combine(directory, "root")).FullName;
        IEnumerable<string> arguments = Container["args"]!.AsArray().Select(argument => ((string)argument!)
            .Replace("$(POD_NAME)", Name, StringComparison.Ordinal).Replace("$(POD_IP)", Address, StringComparison.Ordinal));
        process = ChildProcess.Start("unshare",
        [
            "--mount", Repository.Path("tests", "EndToEnd.Tests", "Helm", "pod.sh"), root, User, hosts,
            .. volumes.SelectMany(volume => new[] { volume.Source, volume.Target, volume.IsWritable ? "rw" : "ro" }), "--", "remoteexec", .. arguments,
        ]);
        await process.WaitForOutputAsync(
            output => output.Contains("ready: ", StringComparison.Ordinal) || output.Contains("started: worker ", StringComparison.Ordinal), $"{Name} being ready");
        IsReady = true;
    }

    /// <summary>Asks it to stop, when others have been told to call it no more, and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        IsReady = false;
        await process!.SignalAsync("TERM");
        return await process.WaitForExitAsync();
    }

    /// <summary>Waits until what it printed since it was started fulfils a condition.</summary>
    public Task WaitForOutputAsync(Func<string, bool> condition, string what) => process!.WaitForOutputAsync(condition, what);

    public ValueTask DisposeAsync() => process?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static void Write(string directory, IEnumerable<(string Name, byte[] Content)> files)
    {
        foreach ((string name, byte[] content) in files)
            File.WriteAllBytes(Path.Combine(directory, name), content);
    }
}
