using RemoteExec.EndToEnd.Tests.Bazel;

[assembly: AssemblyFixture(typeof(SharedWorkspace))]

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>One workspace with the sample sources for all tests: starting a Bazel and looking for a compiler takes longer than most builds.</summary>
public sealed class SharedWorkspace : IAsyncDisposable
{
    private BazelWorkspace? workspace;

    /// <summary>The workspace with nothing built; skips the test where there is no Bazel.</summary>
    internal async Task<BazelWorkspace> GetCleanAsync()
    {
        Requires.Bazel();
        if (workspace is null)
        {
            workspace = new BazelWorkspace();
            SampleSources.WriteTo(workspace);
        }

        await workspace.CleanAsync();
        return workspace;
    }

    public async ValueTask DisposeAsync()
    {
        if (workspace is not null)
            await workspace.DisposeAsync();
    }
}
