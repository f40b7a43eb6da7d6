using RemoteExec.Server.Auth.Tokens;
using RemoteExec.Server.Auth.Users;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>What operators write.</summary>
internal static class ConfigTargets
{
    private const string TokenLine = """{"id":"a","name":"ann","hash":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","role":"ci","instances":["a/b"],"created":"2026-01-31T12:00:00Z","expires":"2027-01-31T12:00:00+01:00"}""";
    private const string UserLine = """{"name":"ann","hash":"pbkdf2-sha256:600000:AAAAAAAAAAAAAAAAAAAAAA==:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","role":"ci","instances":["a"]}""";

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("config", [.. Directory.GetFiles(Repository.Path("examples"), "*.yaml").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)],
            bytes => new ConfigLoader().AddText("fuzz.yaml", System.Text.Encoding.UTF8.GetString(bytes)).Load(), typeof(ConfigException)),
        FuzzTargets.OfText(
            "duration",
            text =>
            {
                bool isGood = Duration.TryParse(text, out TimeSpan duration, out string? error);
                Assert.NotEqual(isGood, error is not null);
                if (isGood)
                    Assert.True(Duration.TryParse(Duration.Format(duration), out TimeSpan again, out _) && again == duration);
            },
            "5m", "1h30m", "250ms", "0s", "7d"),
        FuzzTargets.OfText("byte-size", text => Assert.NotEqual(ByteSize.TryParse(text, out _, out string? error), error is not null), "400GiB", "1.5TiB", "0", "64KiB", "9223372036854775807"),
        new("token-lines", [FuzzTargets.Text(TokenLine + "\n# more\n{\"id\":\"a\",\"revoked\":\"2026-01-31T12:00:00Z\"}\n")], bytes => TokenLines.Parse(System.Text.Encoding.UTF8.GetString(bytes)), typeof(FormatException)),
        new("user-lines", [FuzzTargets.Text(UserLine + "\n{\"name\":\"ann\",\"removed\":\"2026-01-31T12:00:00Z\"}\n")], bytes => UserTable.ParseLines(System.Text.Encoding.UTF8.GetString(bytes)), typeof(FormatException)),
        FuzzTargets.OfText("listen-address", text => Assert.NotEqual(ListenAddress.TryParse(text, out _, out string? error), error is not null), "127.0.0.1:8980", "[::1]:0", ":80", "unix:/run/x"),
    ];
}
