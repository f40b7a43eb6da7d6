using RemoteExec.Execution.Operations;
using Resources = RemoteExec.Protocol.Workers.Resources;

namespace RemoteExec.Execution.Tests.Scheduling;

// Who talks to the scheduler.
internal sealed partial class SchedulerWorld
{
    private sealed class Client(OperationName name, int action)
    {
        public OperationName Name { get; } = name;

        public int Action { get; } = action;

        public OperationState? Last { get; set; }

        public int Waiters { get; set; } = 1;

        public bool Admitted { get; set; }

        public bool Deleted { get; set; }

        /// <summary>The execution whose result it will be told, once that is written down; null as long as it waits for a run.</summary>
        public long? Recorded { get; set; }

        /// <summary>True if it waits for its action to be run.</summary>
        public bool WaitsForRun => Admitted && !IsOver && Recorded is null;

        public bool IsOver => Deleted || Last is { IsDone: true };
    }

    private sealed class Worker(string slotId, string name, Reapi.Platform platform, Resources? resources)
    {
        public string Id => $"{Name}#{Platform.Properties.Count}"; // a process has one platform

        public Resources? Resources { get; } = resources;

        public string SlotId { get; } = slotId;

        public string Name { get; } = name;

        public Reapi.Platform Platform { get; } = platform;

        public string? Lease { get; set; }

        public long? Poll { get; set; }

        public DateTimeOffset PolledAt { get; set; }

        public DateTimeOffset Expires { get; set; }

        public void ExpiresBy(DateTimeOffset at) => Expires = at < Expires ? at : Expires;
    }
}
