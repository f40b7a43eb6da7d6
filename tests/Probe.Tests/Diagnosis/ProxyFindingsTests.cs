using RemoteExec.Probe.Diagnosis;

namespace RemoteExec.Probe.Tests.Diagnosis;

public sealed class ProxyFindingsTests
{
    [Theory]
    [InlineData("", FindingLevel.Ok)]
    [InlineData("https_proxy=http://p:1", FindingLevel.Warning)]
    [InlineData("HTTP_PROXY=http://p:1", FindingLevel.Warning)]
    [InlineData("https_proxy=http://p:1;no_proxy=other,cache.example.com", FindingLevel.Ok)]
    [InlineData("https_proxy=http://p:1;NO_PROXY=.example.com", FindingLevel.Ok)]
    [InlineData("https_proxy=http://p:1;no_proxy=*.example.com", FindingLevel.Ok)]
    [InlineData("https_proxy=http://p:1;no_proxy=ample.com", FindingLevel.Warning)]
    [InlineData("https_proxy=http://p:1;no_proxy=*", FindingLevel.Ok)]
    public void A_proxy_that_the_host_is_not_excepted_from_is_told(string environment, FindingLevel level)
    {
        var variables = environment.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(variable => variable.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);

        Assert.Equal(level, ProxyFindings.Of("cache.example.com", variables.GetValueOrDefault).Level);
    }
}
