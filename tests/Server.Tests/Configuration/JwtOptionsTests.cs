using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

public sealed class JwtOptionsTests
{
    private const string Good = "issuer: https://a.example, audience: x, rules: [{ role: reader }]";

    private static ServerOptions Load(string issuer) => new ConfigLoader().AddText("test", $"auth: {{ jwt: [{{ {issuer} }}] }}\n").Load();

    [Theory]
    [InlineData(Good)]
    [InlineData(Good + ", jwksUri: https://b.example/keys")]
    [InlineData(Good + ", jwksUri: \"http://127.0.0.1:8080/keys\", privateAddresses: true")]
    [InlineData("issuer: \"http://localhost:8080/realm\", audience: [x, y], privateAddresses: true, rules: [{ claim: groups, value: \"build-*\", role: developer, instances: [team] }]")]
    [InlineData("issuer: kubernetes/serviceaccount, jwksFile: /keys.json, audience: x, rules: [{ role: admin }]")]
    public void An_issuer_is_somebody_whose_keys_can_be_found(string issuer) => Assert.Single(Load(issuer).Auth.Jwt);

    [Fact]
    public void Who_takes_signed_tokens_tells_callers_apart()
    {
        Assert.True(Load(Good).Auth.HasMethod);
        Assert.False(new ConfigLoader().Load().Auth.HasMethod);
    }

    [Theory]
    [InlineData("audience: x, rules: [{ role: reader }]", "auth.jwt[0].issuer: is missing")]
    [InlineData("issuer: https://a.example, rules: [{ role: reader }]", "auth.jwt[0].audience: is missing: without it, tokens for anybody would be taken")]
    [InlineData("issuer: https://a.example, audience: x", "auth.jwt[0].rules: is empty")]
    [InlineData("issuer: some-name, audience: x, rules: [{ role: reader }]", "auth.jwt[0].issuer: 'some-name' is no address, so its configuration can't be fetched: set jwksUri or jwksFile")]
    [InlineData("issuer: \"http://a.example\", audience: x, rules: [{ role: reader }]", "is not https://: anybody on the way could answer, so its configuration")]
    [InlineData(Good + ", jwksUri: \"http://b.example/keys\"", "auth.jwt[0].jwksUri: 'http://b.example/keys' is not https://")]
    [InlineData(Good + ", jwksUri: \"http://127.0.0.1/keys\"", "auth.jwt[0].jwksUri: 'http://127.0.0.1/keys' is on this machine: say privateAddresses: true")]
    [InlineData(Good + ", jwksUri: https://b.example/keys, jwksFile: /keys.json", "auth.jwt[0].jwksFile: and jwksUri can't both be set")]
    [InlineData(Good + ", clockSkew: 11m", "auth.jwt[0].clockSkew: must be from 0s to 10m")]
    [InlineData(Good + ", refresh: 1s", "auth.jwt[0].refresh: must be at least 1m")]
    [InlineData(Good + ", staleFor: 1m", "auth.jwt[0].staleFor: must be at least refresh, 1h")]
    [InlineData("issuer: https://a.example, audience: x, rules: [{ claim: groups, role: reader }]", "auth.jwt[0].rules[0].value: is missing: claim and value go together")]
    [InlineData("issuer: https://a.example, audience: x, rules: [{ value: groups, role: reader }]", "auth.jwt[0].rules[0].claim: is missing: claim and value go together")]
    [InlineData("issuer: https://a.example, audience: x, rules: [{ claim: groups, value: a }]", "auth.jwt[0].rules[0].role: is missing")]
    [InlineData("issuer: https://a.example, audience: x, rules: [{ role: reader, instances: [\"a//b\"] }]", "auth.jwt[0].rules[0].instances: ")]
    [InlineData("issuer: https://a.example, audience: x, rules: [{ role: king }]", "auth.jwt: there is no role 'king': there are reader, developer, ci")]
    public void What_is_wrong_is_said(string issuer, string problem) =>
        Assert.Contains(problem, Assert.Single(Assert.Throws<ConfigException>(() => Load(issuer)).Problems).ToString(), StringComparison.Ordinal);
}
