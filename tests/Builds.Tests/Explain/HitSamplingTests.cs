using RemoteExec.Builds.Explain;

namespace RemoteExec.Builds.Tests.Explain;

public sealed class HitSamplingTests
{
    private readonly HitSampling sampling = new();
    private readonly ManualTimeProvider time = new();

    [Fact]
    public void An_action_is_looked_at_once_in_a_while()
    {
        Protocol.Digest action = TestBlob.Random(1, 10).Digest;

        Assert.True(sampling.Takes(action, time.GetUtcNow()));
        Assert.False(sampling.Takes(action, time.GetUtcNow()));
        Assert.False(sampling.Takes(action, time.GetUtcNow().AddMinutes(59)));
        Assert.True(sampling.Takes(action, time.GetUtcNow().AddMinutes(61)));
    }

    [Fact]
    public void Only_so_many_are_looked_at_in_a_second()
    {
        Protocol.Digest[] actions = [.. Enumerable.Range(0, 300).Select(seed => TestBlob.Random(seed, 10).Digest)];

        Assert.Equal(20, actions.Count(action => sampling.Takes(action, time.GetUtcNow())));
        Assert.Equal(20, actions.Count(action => sampling.Takes(action, time.GetUtcNow().AddSeconds(1))));
    }
}
