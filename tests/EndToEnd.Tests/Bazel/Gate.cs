namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>Holds actions at a point of their commands until the test lets them go on, and knows which have come there.</summary>
internal sealed class Gate : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public Gate()
    {
        File.SetUnixFileMode(directory.FullPath, (UnixFileMode)0b111_111_111);
    }

    /// <summary>A shell command that tells the gate of its coming and waits there.</summary>
    public string Command => $"mktemp {directory["come.XXXXXXXX"]} > /dev/null; while [ ! -e {directory["open"]} ]; do sleep 0.05; done";

    public void Open() => File.WriteAllText(directory["open"], "");

    /// <summary>Waits until as many actions stand at the gate.</summary>
    public async Task WaitForAsync(int actions)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (Directory.GetFiles(directory.FullPath, "come.*").Length < actions)
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
    }

    public void Dispose() => directory.Dispose();
}
