using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

public sealed class RedisOptionsTests
{
    [Theory]
    [InlineData("", "endpoints: is missing: name at least one server, host:port")]
    [InlineData("endpoints: redis", "endpoints: 'redis' is no host:port")]
    [InlineData("endpoints: 'redis:99999'", "endpoints: 'redis:99999' is no host:port")]
    [InlineData("endpoints: [ 'a:1', ':2' ]", "endpoints: ':2' is no host:port")]
    [InlineData("endpoints: 'a:1', user: builds", "user: 'builds' can't be logged in, only the user 'default' can: give that one the password and the rights")]
    [InlineData("endpoints: 'a:1', passwordFile: /a, passwordVariable: B", "passwordVariable: is set beside passwordFile: the password is in one of the two")]
    [InlineData("endpoints: 'a:1', caFile: /a", "caFile: is set, but tls is not true")]
    [InlineData("endpoints: 'a:1', tlsServerName: a", "tlsServerName: is set, but tls is not true")]
    [InlineData("endpoints: 'a:1', topology: cluster, database: 1", "database: must be 0, or a positive number where it is no cluster")]
    [InlineData("endpoints: 'a:1', topology: many", "topology: 'many' is none of standalone, sentinel, cluster")]
    [InlineData("endpoints: 'a:1', maxValueBytes: 1GiB", "maxValueBytes: must be positive, and no more than the 512MiB that Redis takes")]
    [InlineData("endpoints: 'a:1', ttl: 0s", "ttl: must be positive; leave it out to keep values until they are evicted")]
    [InlineData("endpoints: 'a:1', connectTimeout: 0s", "connectTimeout: must be positive")]
    [InlineData("endpoints: 'a:1', operationTimeout: 0s", "operationTimeout: must be positive")]
    public void What_is_wrong_is_told(string settings, string problem)
    {
        ConfigException exception = Assert.Throws<ConfigException>(() => Load(settings));

        Assert.EndsWith($"stores.a.redis.{problem}", Assert.Single(exception.Problems).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("endpoints: 'a:1'")]
    [InlineData("endpoints: [ '10.0.0.1:6379', '[::1]:6380', redis.example.com:1 ], topology: cluster")]
    [InlineData("endpoints: 'a:1', tls: true, caFile: /a, tlsServerName: b, database: 2, ttl: 7d")]
    public void What_is_right_is_taken(string settings) => Assert.IsType<RedisOptions>(Load(settings).Stores["a"].Options);

    private static ServerOptions Load(string settings) => new ConfigLoader().AddText("test.yaml", $"stores: {{ a: {{ redis: {{ {settings} }} }} }}\n").Load();
}
