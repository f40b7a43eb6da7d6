using System.Net;

namespace RemoteExec.Fetching;

/// <summary>
/// The addresses that the server may fetch something from. Whoever has a say in what is fetched could otherwise have the server ask machines that it reaches and he does not: those of its own
/// network, or the service that tells a machine in a cloud its credentials.
/// </summary>
/// <param name="allowsPrivate">Whether those of this machine and of private networks are among them. Those of links, where clouds have such services, never are.</param>
public sealed class FetchableAddresses(bool allowsPrivate)
{
    private static readonly IPNetwork[] privateNetworks = Networks("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7");

    // What is for links, documents, protocols, benchmarks, many at once, or for later.
    private static readonly IPNetwork[] neverFetched = Networks(
        "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        "fd00:ec2::/32", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    private static readonly IPNetwork global = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork translated = IPNetwork.Parse("64:ff9b::/96"); // IPv4 addresses, as a network without IPv4 writes them

    /// <summary>True if something may be fetched from the machine with this address.</summary>
    public bool Contains(IPAddress address)
    {
        IPAddress real = Unwrap(address);
        if (neverFetched.Any(network => network.Contains(real)))
            return false;
        if (privateNetworks.Any(network => network.Contains(real)))
            return allowsPrivate;
        return real.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork || global.Contains(real);
    }

    /// <summary>
    /// What is wrong with a URL before it is known where it leads; null if nothing is. It has to be <c>https</c>, as what comes over <c>http</c> may be anybody's; but for this machine itself.
    /// </summary>
    public static string? ProblemOf(Uri address) => ProblemOf(address, address is { IsAbsoluteUri: true, IsLoopback: true });

    /// <inheritdoc cref="ProblemOf(Uri)"/>
    /// <param name="address">The URL.</param>
    /// <param name="allowsPlain">Whether it may be <c>http</c>: where it does not matter who answers.</param>
    public static string? ProblemOf(Uri address, bool allowsPlain)
    {
        if (!address.IsAbsoluteUri || address.Scheme is not ("https" or "http") || address.Host.Length == 0)
            return "is no https:// address";
        if (address.Scheme == "http" && !allowsPlain)
            return "is not https://: anybody on the way could answer";
        return address.UserInfo.Length > 0 ? "has a user or a password in it, which logs would show" : null;
    }

    private static IPAddress Unwrap(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        return translated.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan(12)) : address;
    }

    private static IPNetwork[] Networks(params string[] texts) => [.. texts.Select(IPNetwork.Parse)];
}
