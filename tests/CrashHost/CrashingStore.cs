using System.Diagnostics;
using System.Globalization;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.CrashHost;

/// <summary>What processes that were killed had acknowledged, and what a store must therefore have.</summary>
internal sealed class CrashingStore
{
    private readonly HashSet<int> blobs = [];
    private readonly int[] versions = new int[CrashContent.Keys];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The command that runs tests/CrashHost.</summary>
    public static string[] Command(string mode, string path, params IEnumerable<object> arguments) =>
        [Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet",
         Path.Combine(AppContext.BaseDirectory, "RemoteExec.CrashHost.dll"), mode, path,
         .. arguments.Select(argument => Convert.ToString(argument, CultureInfo.InvariantCulture)!)];

    /// <summary>Runs it until it has printed so many lines, and then kills it. All that it had printed by then counts.</summary>
    public Task RunAndKillAsync(string[] command, int lines, IReadOnlyDictionary<string, string>? environment = null) =>
        RunAsync(command, environment, killAfter: lines, $"to be killed after {lines} lines");

    /// <summary>Runs it until it kills itself, and returns what it printed.</summary>
    public Task<string[]> RunAsync(string[] command, IReadOnlyDictionary<string, string> environment, string story) => RunAsync(command, environment, killAfter: -1, story);

    /// <summary>Takes down what a process says.</summary>
    public void Learn(string line)
    {
        string[] words = line.Split(' ');
        if (words is ["blob", string number])
            blobs.Add(int.Parse(number, CultureInfo.InvariantCulture));
        else if (words is ["value", string key, string version])
            versions[int.Parse(key, CultureInfo.InvariantCulture)] = int.Parse(version, CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Asserts that what is found can be read and is right, those too that were on their way when the process was killed; and, if nothing may be lost, that all is there that
    /// was acknowledged.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="mayLose">True if what was acknowledged may be gone.</param>
    /// <param name="story">How it came to this.</param>
    /// <param name="among">How many blobs are asked for, the last ones; null for all.</param>
    /// <param name="mayDoubt">True if a read may find that what may be gone is damaged; it has to be missing from then on.</param>
    /// <param name="isAtHand">Which of what is found can be read, as the rest is out of reach; null for all.</param>
    public async Task AssertRightAsync(IBlobStore store, bool mayLose, string story, int? among = null, bool mayDoubt = false, Func<Digest, bool>? isAtHand = null)
    {
        IEnumerable<int> asked = blobs.SelectMany(number => (int[])[number, number + 1, number + 5]).Distinct();
        foreach (int number in among is int few ? asked.OrderDescending().Take(few) : asked)
        {
            TestBlob blob = CrashContent.Blob(number);
            bool present = await store.ContainsAsync(blob.Digest, Token);
            Assert.True(present || mayLose || !blobs.Contains(number), $"blob {number} was acknowledged and is lost; {story}");
            if (present && isAtHand?.Invoke(blob.Digest) != false)
                await AssertReadsAsync(store, blob.Digest, blob.Content, mayDoubt && (mayLose || !blobs.Contains(number)), $"blob {number}; {story}");
        }

        for (int key = 0; key < versions.Length; key++)
        {
            if (!await store.ContainsAsync(CrashContent.Key(key), Token))
            {
                Assert.True(mayLose || versions[key] == 0, $"the value of key {key} is lost; {story}");
                continue;
            }

            if (isAtHand?.Invoke(CrashContent.Key(key)) == false)
                continue;
            byte[]? value = await store.ReadAllAsync(CrashContent.Key(key), int.MaxValue, Token);
            Assert.True(value is not null, $"key {key} is found and can't be read; {story}");
            int version = BitConverter.ToInt32(value);
            Assert.True(mayLose || version >= versions[key], $"key {key} has version {version}, though {versions[key]} was acknowledged; {story}");
            Assert.True(value.AsSpan().SequenceEqual(CrashContent.Value(key, version)), $"key {key} has a wrong value; {story}");
        }
    }

    private async Task<string[]> RunAsync(string[] command, IReadOnlyDictionary<string, string>? environment, int killAfter, string story)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(Token);
        List<string> lines = [];
        while (await process.StandardOutput.ReadLineAsync(Token) is { } line)
        {
            Learn(line);
            lines.Add(line);
            if (lines.Count == killAfter)
                process.Kill(); // and read what it had said by then
        }

        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 137, $"exit code {process.ExitCode}; {story}: {await errors}");
        return [.. lines];
    }

    private static async Task AssertReadsAsync(IBlobStore store, Digest digest, byte[] expected, bool mayDoubt, string story)
    {
        byte[]? content = null;
        try
        {
            content = await store.ReadAllAsync(digest, int.MaxValue, Token);
        }
        catch (BlobCorruptException)
        {
            // told below
        }

        if (content is null && mayDoubt && !await store.ContainsAsync(digest, Token))
            return;
        Assert.True(content is not null, $"found, and can't be read: {story}");
        Assert.True(content.AsSpan().SequenceEqual(expected), $"wrong bytes: {story}");
    }
}
