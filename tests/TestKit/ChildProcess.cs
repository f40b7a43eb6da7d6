using System.Diagnostics;
using System.Text;

namespace RemoteExec.TestKit;

/// <summary>A program under test: what it prints is kept, and can be waited for.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly Lock gate = new(); // guards the output and who waits for it
    private readonly StringBuilder output = new();
    private readonly StringBuilder results = new();
    private readonly StringBuilder errors = new();
    private readonly List<(Func<string, bool> Condition, TaskCompletionSource Met)> waiters = [];

    private ChildProcess(Process process) => this.process = process;

    public int Id => process.Id;

    public int ExitCode => process.ExitCode;

    public bool HasExited => process.HasExited;

    /// <summary>All that was printed so far, standard output and standard error as they came.</summary>
    public string Output
    {
        get
        {
            lock (gate)
                return output.ToString();
        }
    }

    /// <summary>What was printed to standard output.</summary>
    public string Results
    {
        get
        {
            lock (gate)
                return results.ToString();
        }
    }

    /// <summary>What was printed to standard error.</summary>
    public string Errors
    {
        get
        {
            lock (gate)
                return errors.ToString();
        }
    }

    public static ChildProcess Start(string program, IEnumerable<string> arguments, string? directory = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        if (directory is not null)
            start.WorkingDirectory = directory;
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        var child = new ChildProcess(new Process { StartInfo = start });
        child.process.OutputDataReceived += (_, line) => child.Append(line.Data, isError: false);
        child.process.ErrorDataReceived += (_, line) => child.Append(line.Data, isError: true);
        child.process.Start();
        child.process.StandardInput.Close();
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Waits until what was printed fulfils a condition; the end of the process, or of patience, fails the test.</summary>
    public async Task WaitForOutputAsync(Func<string, bool> condition, string what)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (condition(output.ToString()))
                return;
            waiters.Add((condition, met));
        }

        Task exit = process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Task first = await Task.WhenAny(met.Task, exit, Task.Delay(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        Assert.True(met.Task.IsCompleted, $"{(first == exit ? "the process ended" : "two minutes went by")} without {what}:\n{Output}");
    }

    /// <summary>Sends a signal: TERM, INT, KILL.</summary>
    public async Task SignalAsync(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Waits for the end and returns the exit code.</summary>
    public Task<int> WaitForExitAsync() => WaitForExitAsync(TimeSpan.FromMinutes(4));

    /// <summary>Waits for the end, so long, and returns the exit code.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan patience)
    {
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(patience, TestContext.Current.CancellationToken);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private void Append(string? line, bool isError)
    {
        if (line is null)
            return;
        lock (gate)
        {
            (isError ? errors : results).Append(line).Append('\n');
            string text = output.Append(line).Append('\n').ToString();
            foreach ((Func<string, bool> _, TaskCompletionSource met) in waiters.Where(waiter => waiter.Condition(text)))
                met.TrySetResult();
        }
    }
}
