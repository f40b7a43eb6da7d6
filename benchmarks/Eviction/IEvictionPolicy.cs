namespace RemoteExec.Benchmarks.Eviction;

/// <summary>A bounded cache, as far as eviction goes.</summary>
internal interface IEvictionPolicy : IAsyncDisposable
{
    /// <summary>What the table calls it.</summary>
    string Name { get; }

    /// <summary>The bytes it has written, those that it copied for itself included.</summary>
    long WrittenBytes { get; }

    /// <summary>A call of a build comes.</summary>
    void Enter(TraceEvent call);

    /// <summary>True if a blob is there, which is a use of it.</summary>
    ValueTask<bool> LookUpAsync(TraceEvent call);

    /// <summary>Takes in a blob that is not there.</summary>
    ValueTask UploadAsync(TraceEvent call);
}
