using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>What operators write.</summary>
internal static class ConfigTargets
{
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
        FuzzTargets.OfText("listen-address", text => Assert.NotEqual(ListenAddress.TryParse(text, out _, out string? error), error is not null), "127.0.0.1:8980", "[::1]:0", ":80", "unix:/run/x"),
    ];
}
