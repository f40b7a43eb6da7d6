namespace RemoteExec.Builds.Events;

/// <summary>What an event is to its stream.</summary>
internal enum StreamEventKind
{
    /// <summary>Something that the build tool tells.</summary>
    Tool,

    /// <summary>The last one of the build tool.</summary>
    ToolFinished,

    /// <summary>Nothing is told, but nobody is there any more who could: the call has ended before its stream.</summary>
    Gone,

    /// <summary>A build is announced.</summary>
    BuildEnqueued,

    /// <summary>A build has ended.</summary>
    BuildFinished,

    /// <summary>An invocation is announced, which belongs to a build.</summary>
    InvocationStarted,

    /// <summary>An invocation has ended.</summary>
    InvocationFinished,
}
