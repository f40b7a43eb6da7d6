namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>Holds actions at a point of their commands until the test lets them go on, and knows which have come there.</summary>
internal sealed class Gate : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public Gate()
    {
        File.SetUnixFileMode(directory.FullPath, (UnixFileMode)0b111_111_111);
    }

    /// <summary>What a genrule executes to tell the gate of its coming and to wait there.</summary>
    public string Command => $"echo $$$$ > `mktemp {directory["come.XXXXXXXX"]}`; while [ ! -e {directory["open"]} ]; do sleep 0.05; done";

    public void Open() => File.WriteAllText(directory["open"], "");

    /// <summary>Waits until as many actions have come to the gate; returns the ids of their processes.</summary>
    public async Task<int[]> WaitForAsync(int actions)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (true)
        {
            int[] processes = [.. Directory.GetFiles(directory.FullPath, "come.*").Select(File.ReadAllText).Where(text => text.EndsWith('\n')).Select(int.Parse)];
            if (processes.Length >= actions)
                return processes;
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }

    public void Dispose() => directory.Dispose();
}
