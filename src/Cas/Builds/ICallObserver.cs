namespace RemoteExec.Cas.Builds;

/// <summary>
/// Is told what came of calls, to say later what builds did. Called on the path of every call: it never waits, never throws, and keeps nothing of what it is given beyond the call. May be called concurrently.
/// </summary>
public interface ICallObserver
{
    /// <summary>For servers of which nobody wants to know.</summary>
    static ICallObserver None { get; } = new NoObserver();

    /// <summary>False if what is told goes nowhere: then nothing needs to be found out for it.</summary>
    bool IsEnabled { get; }

    /// <summary>Takes what came of a call.</summary>
    void Observe(in CallEvent call);

    private sealed class NoObserver : ICallObserver
    {
        public bool IsEnabled => false;

        public void Observe(in CallEvent call)
        {
            // Nobody wants to know.
        }
    }
}
