using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;
using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Sandbox.Launcher;

/// <summary>One launcher: a process that runs one action at a time. It ends, with all that it runs, when this is disposed, or the worker dies.</summary>
internal sealed class LauncherProcess : IAsyncDisposable
{
    private readonly LauncherSocket socket;
    private readonly Task<ProcessEnd> ended;

    private LauncherProcess(int id, LauncherSocket socket, Task<ProcessEnd> ended)
    {
        Id = id;
        this.socket = socket;
        this.ended = ended;
    }

    /// <summary>Its process id.</summary>
    public int Id { get; }

    /// <summary>The control groups that it and its actions are in; null if there are none. They are removed with it.</summary>
    public SlotGroup? Group { get; private set; }

    /// <summary>True if it lives and takes another action, perhaps as soon as the namespaces of the last one are gone.</summary>
    public bool IsReady { get; private set; }

    private bool IsBusy { get; set; } // with an action, or with what is left of its namespaces

    /// <summary>Starts the program; it does nothing yet.</summary>
    /// <exception cref="IOException">It can't be started.</exception>
    public static LauncherProcess Start(string program)
    {
        (SafeSocketHandle first, SafeFileHandle second) = DescriptorPassing.MakePair();
        var socket = new LauncherSocket(new Socket(first));
        try
        {
            using (second)
            using (SafeFileHandle nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            using (var attributes = new SpawnAttributes((int)second.DangerousGetHandle(), (int)nothing.DangerousGetHandle(), (int)nothing.DangerousGetHandle()))
            {
                int error = attributes.Spawn(program, [Path.GetFileName(program)], [], out int id);
                if (error != 0)
                    throw new NativeException($"starting '{program}'", error);
                return new LauncherProcess(id, socket, ChildProcesses.Instance.WaitAsync(id));
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Puts it into control groups, before it runs anything.</summary>
    /// <exception cref="IOException">They can't be used.</exception>
    public void Enter(SlotGroup group)
    {
        Group = group;
        group.Add(Id);
    }

    /// <summary>Makes what its actions will see.</summary>
    /// <exception cref="SandboxUnavailableException">The machine does not let it.</exception>
    public async Task SetUpAsync(LauncherRequest setup)
    {
        await socket.SendAsync(setup);
        string[]? reply = (await socket.ReceiveAsync())?.Texts;
        if (reply is not ["ready"])
            throw new SandboxUnavailableException(reply is ["failed", { } reason] ? reason : "the launcher ended without a reason");
        IsReady = true;
    }

    /// <summary>Runs one action to its end, or until the token fires. None of its processes is left then; its namespaces are taken apart while the caller goes on.</summary>
    /// <param name="request">What to run.</param>
    /// <param name="kill">Ends it.</param>
    /// <param name="begun">Takes the view of its input root, if it has a channel, as soon as it runs.</param>
    /// <exception cref="IOException">The launcher has died, and the action with it.</exception>
    public async Task<LauncherEnd> RunAsync(LauncherRequest request, CancellationToken kill, Action<SafeFileHandle>? begun = null)
    {
        var end = new LauncherEnd();
        try
        {
            while (IsBusy)
                Note(await ReceiveAsync(), new LauncherEnd(), begun: null);
            IsReady = false;
            await socket.SendAsync(request);
            IsBusy = true;
            await using CancellationTokenRegistration killing = kill.Register(() => _ = KillAsync());
            while (!IsReady)
                Note(await ReceiveAsync(), end, begun);
            return end;
        }
        catch
        {
            end.Dispose();
            throw;
        }
    }

    /// <summary>Ends it, and waits until it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        socket.Dispose();
        ChildProcesses.Instance.Kill(Id);
        await ((Task)ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // how it ended matters to nobody
        if (Group is not null)
            await Group.DisposeAsync();
    }

    private async Task<(string[] Texts, SafeFileHandle? Descriptor)> ReceiveAsync()
    {
        if (await socket.ReceiveAsync() is { } reply)
            return reply;
        IsReady = false;
        throw new IOException("the launcher has died, and the action with it");
    }

    // If the launcher is gone, whoever waits for its reply hears of it.
    private async Task KillAsync() => await socket.SendAsync(new LauncherRequest("kill")).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void Note((string[] Texts, SafeFileHandle? Descriptor) reply, LauncherEnd end, Action<SafeFileHandle>? begun)
    {
        switch (reply.Texts)
        {
            case ["failed", { } reason]:
                end.Failure ??= reason;
                break;
            case ["unexecutable", { } error, { } presence, { } program]:
                end.Unexecutable = new Unexecutable((int)LauncherSocket.ParseNumber(error), presence == "present", program);
                break;
            case ["begun"] when begun is not null && reply.Descriptor is not null:
                begun(reply.Descriptor);
                break;
            case ["ended", .. { Length: 4 } usage, { } status, { } nanoseconds]:
                end.Status = (int)LauncherSocket.ParseNumber(status);
                end.Duration = TimeSpan.FromTicks(LauncherSocket.ParseNumber(nanoseconds) / TimeSpan.NanosecondsPerTick);
                end.Root = reply.Descriptor;
                end.Usage = ParseUsage(usage);
                IsReady = true;
                break;
            case ["gone", .. { Length: 4 } usage]:
                end.Usage = ParseUsage(usage);
                IsReady = true;
                IsBusy = false;
                break;
            default:
                throw new IOException($"the launcher said '{string.Join(' ', reply.Texts)}', which makes no sense");
        }
    }

    private static ProcessUsage ParseUsage(string[] texts)
    {
        long[] numbers = [.. texts.Select(LauncherSocket.ParseNumber)];
        return new ProcessUsage(TimeSpan.FromMicroseconds(numbers[0]), numbers[1] * 1024)
        {
            BytesRead = numbers[2] * ProcessUsage.BlockBytes,
            BytesWritten = numbers[3] * ProcessUsage.BlockBytes,
        };
    }
}
