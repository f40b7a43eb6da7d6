namespace RemoteExec.Builds.Events;

/// <summary>What is told of a build that goes on, as far as writing more of it takes.</summary>
/// <param name="id">Its row.</param>
internal sealed class OpenReport(long id)
{
    /// <summary>Its row.</summary>
    public long Id { get; } = id;

    /// <summary>How many targets of it are kept.</summary>
    public long Targets { get; set; }

    /// <summary>How many tests of it are kept.</summary>
    public long Tests { get; set; }

    /// <summary>How many failed actions of it are kept.</summary>
    public long Failures { get; set; }
}
