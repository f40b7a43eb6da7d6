using RemoteExec.Protocol;

namespace RemoteExec.Execution.Operations;

/// <summary>What a client asked for, and the name that it got for it: what never changes of an operation.</summary>
/// <param name="Name">The operation's name.</param>
/// <param name="Action">The action's digest.</param>
/// <param name="Submission">What the client said about it.</param>
internal sealed record OperationRequest(OperationName Name, SharedDigest Action, Submission Submission)
{
    /// <summary>The way to those who wait; null before there is one. It is kept here for whoever publishes states, the scheduler has nothing to do with it.</summary>
    public OperationFeed? Feed { get; set; }

    /// <summary>True once it has joined a run that was begun for another operation.</summary>
    public bool IsMerged { get; set; }
}
