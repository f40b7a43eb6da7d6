using System.Security.Cryptography;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>An elliptic curve that keys may be on.</summary>
/// <param name="Name">Its name, as <c>crv</c> has it.</param>
/// <param name="Curve">The framework's.</param>
/// <param name="Bytes">How long a coordinate is, and each half of a signature.</param>
internal sealed record JwtCurve(string Name, ECCurve Curve, int Bytes)
{
    /// <summary>P-256.</summary>
    public static JwtCurve P256 { get; } = new("P-256", ECCurve.NamedCurves.nistP256, 32);

    /// <summary>P-384.</summary>
    public static JwtCurve P384 { get; } = new("P-384", ECCurve.NamedCurves.nistP384, 48);

    /// <summary>P-521.</summary>
    public static JwtCurve P521 { get; } = new("P-521", ECCurve.NamedCurves.nistP521, 66);

    /// <summary>The one with a name; null if there is none.</summary>
    public static JwtCurve? Find(string? name) => name switch
    {
        "P-256" => P256,
        "P-384" => P384,
        "P-521" => P521,
        _ => null,
    };
}
