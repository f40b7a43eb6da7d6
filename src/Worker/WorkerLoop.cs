using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc.Client;
using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Sandbox;
using RemoteExec.Worker.Services;

namespace RemoteExec.Worker;

/// <summary>A worker: runs actions for a scheduler in a number of slots.</summary>
/// <param name="options">Its settings.</param>
/// <param name="cas">Where inputs come from and outputs go.</param>
/// <param name="scheduler">Who has the actions.</param>
/// <param name="logger">Where it logs.</param>
/// <param name="time">Its clock.</param>
public sealed class WorkerLoop(WorkerOptions options, IBlobStore cas, RpcChannel scheduler, ILogger logger, TimeProvider time)
{
    /// <summary>
    /// Runs until cancelled; then takes no further action, lets those that run end within the grace period, and hands back the others.
    /// A scheduler that can't be reached is waited for.
    /// </summary>
    /// <exception cref="ArgumentException">The settings are wrong.</exception>
    /// <exception cref="IOException">The scratch directory can't be used.</exception>
    /// <exception cref="InvalidOperationException">Actions are to run as users of their own, but can't.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.Validate().ToArray() is { Length: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        await using ScratchDirectory scratch = await ScratchDirectory.OpenAsync(options.ScratchDirectory, logger);
        using ActionUsers? users = await FindUsersAsync(scratch);
        var sandbox = new DirectorySandbox(time, new MemoryKills("/"));
        WorkerLog.Started(
            logger, options.Name, options.Slots, options.ScratchDirectory, sandbox.Tier,
            users is null ? "all as the worker's user" : "each as a user of its own");
        await RunSlotsAsync(new LocalActionExecutor(options, cas, scratch, sandbox, users, logger, time), cancellationToken);
    }

    /// <summary>Runs the slots with any executor.</summary>
    internal async Task RunSlotsAsync(IActionExecutor executor, CancellationToken cancellationToken)
    {
        var connection = new SchedulerConnection(scheduler, logger, time);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var givingUp = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        await using CancellationTokenRegistration registration = stopping.Token.Register(() => givingUp.CancelAfter(options.GracePeriod));

        // A worker that starts anew is not the one the scheduler may remember.
        string process = $"{options.Name}/{Guid.NewGuid():N}";
        Resources resources = options.ToResources();
        Reapi.Platform platform = options.ToPlatform();
        await Task.WhenAll(Enumerable.Range(0, options.Slots).Select(RunSlotAsync));

        async Task RunSlotAsync(int number)
        {
            try
            {
                var introduction = new SynchronizeRequest
                {
                    SlotId = $"{process}/{number}",
                    WorkerName = options.Name,
                    Platform = platform,
                    ProtocolMinor = WorkerProtocol.Minor,
                    WorkerId = process,
                    Resources = resources,
                };
                var slot = new WorkerSlot(introduction, executor, connection, logger, time);
                await slot.RunAsync(stopping.Token, givingUp.Token);
            }
            catch
            {
                // A slot never fails but for a defect: better no worker than one that loses slot after slot.
                await stopping.CancelAsync();
                throw;
            }
        }
    }

    private async Task<ActionUsers?> FindUsersAsync(ScratchDirectory scratch)
    {
        if (options.SeparateUsers == false)
            return null;

        string? problem = null;
        if (!ActionUsers.AreAvailable())
        {
            problem = "that takes root, with the capabilities chown, dac_override, fowner, kill, setgid and setuid";
        }
        else
        {
            var users = new ActionUsers(options.MaxProcesses);
            ActionUser user = users.Take();
            users.Return(user);
            if (await ActionUsers.CanEnterAsync(user, scratch.Actions))
                return users;
            users.Dispose();
            problem = $"other users can't enter '{scratch.Actions}': give all directories above it o+x, or choose another scratch directory";
        }

        if (options.SeparateUsers == true)
            throw new InvalidOperationException($"actions can't run as users of their own: {problem}");
        WorkerLog.UsersNotSeparate(logger, problem);
        return null;
    }
}
