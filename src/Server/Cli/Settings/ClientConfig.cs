namespace RemoteExec.Server.Cli.Settings;

/// <summary>The configuration of a client, as text to paste.</summary>
/// <param name="Name">The client, as <c>remoteexec settings</c> calls it.</param>
/// <param name="Place">The file, or where else it belongs.</param>
/// <param name="Lines">Makes its lines.</param>
internal sealed record ClientConfig(string Name, string Place, Func<ClientFacts, IEnumerable<string>> Lines)
{
    /// <summary>All clients that are known.</summary>
    public static IReadOnlyList<ClientConfig> All { get; } =
    [
        new("bazel", ".bazelrc", BazelConfig.Lines),
        new("pants", "pants.toml", OtherConfigs.Pants),
        new("buck2", ".buckconfig", OtherConfigs.Buck2),
        new("please", ".plzconfig", OtherConfigs.Please),
        new("reclient", "the environment", OtherConfigs.Reclient),
        new("buildstream", "buildstream.conf", OtherConfigs.BuildStream),
        new("ccache", "the environment", OtherConfigs.Ccache),
    ];
}
