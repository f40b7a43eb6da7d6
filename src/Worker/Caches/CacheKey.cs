using System.Security.Cryptography;
using System.Text;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Caches;

/// <summary>Which cache an action means by a name: tenants share none, nor do platforms.</summary>
internal static class CacheKey
{
    /// <summary>The key: the instance, the name, and a hash of the platform's properties apart from caches, whatever their order; a line for each.</summary>
    public static string Of(InstanceName instance, Reapi.Platform? platform, string name)
    {
        IEnumerable<string> properties = (platform?.Properties ?? [])
            .Where(property => !property.Name.StartsWith(SandboxProperties.CachePrefix, StringComparison.Ordinal))
            .Select(property => $"{property.Name}\0{property.Value}\0")
            .Order(StringComparer.Ordinal);
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(properties))));
        return $"{instance}\n{name}\n{hash}\n";
    }
}
