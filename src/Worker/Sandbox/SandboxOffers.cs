using RemoteExec.Protocol;

namespace RemoteExec.Worker.Sandbox;

/// <summary>The platform properties that a worker offers for the sandbox that it has (PLT-04).</summary>
internal static class SandboxOffers
{
    /// <summary>Its tier and those below, whether actions can bring a root file system of their own, and whether they can reach the network.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(string tier, SandboxOptions options)
    {
        List<KeyValuePair<string, string>> offers = [.. SandboxOptions.Tiers.TakeWhile(lower => lower != tier).Append(tier).Select(name => KeyValuePair.Create(SandboxProperties.Tier, name))];
        if (tier == SandboxTiers.CachedTrees)
        {
            offers.Add(KeyValuePair.Create(SandboxProperties.Tier, SandboxTiers.RootFileSystem));
            offers.Add(KeyValuePair.Create(SandboxProperties.RootFileSystem, "*"));
        }

        if (tier != SandboxTiers.Directory)
            offers.Add(KeyValuePair.Create(SandboxProperties.Network, "off"));
        if (tier == SandboxTiers.Directory || options.Network)
            offers.Add(KeyValuePair.Create(SandboxProperties.Network, "on"));
        return offers;
    }
}
