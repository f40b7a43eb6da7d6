using RemoteExec.Server.Auth.Jwt;

namespace RemoteExec.Server.Tests.Auth.Jwt;

/// <summary>The keys of an issuer in a test.</summary>
internal sealed record TestKeys(string Keys, string Issuer = TestIssuer.Name, string Audience = TestIssuer.Audience);

/// <summary>A verifier with keys out of files, and a clock that stands still.</summary>
internal sealed class TestVerifier : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly JwtVerifier verifier;

    public TestVerifier(string keys)
        : this(new TestKeys(keys))
    {
    }

    public TestVerifier(params TestKeys[] issuers) => verifier = new JwtVerifier([.. issuers.Select(Open)]);

    public ManualTimeProvider Time { get; } = new();

    public ValueTask<JwtVerdict> VerifyAsync(string token) => verifier.VerifyAsync(token, TestContext.Current.CancellationToken);

    public async Task<JwtVerdict.Good> AcceptAsync(string token) =>
        await VerifyAsync(token) is var verdict && verdict is JwtVerdict.Good good ? good : throw new InvalidOperationException($"refused: {verdict}");

    public async Task RefuseAsync(string token, string reason) =>
        Assert.Contains(reason, Assert.IsType<JwtVerdict.Bad>(await VerifyAsync(token)).Reason, StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await verifier.DisposeAsync();
        directory.Dispose();
    }

    private JwtIssuer Open(TestKeys keys, int index)
    {
        string file = directory[$"keys-{index}.json"];
        File.WriteAllText(file, keys.Keys);
        return new JwtIssuer(keys.Issuer, [keys.Audience], TimeSpan.FromSeconds(60), new KeyFile(file, "some.setting", new RecordingLogger(), Time), Time);
    }
}
