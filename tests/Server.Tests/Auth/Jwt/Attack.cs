namespace RemoteExec.Server.Tests.Auth.Jwt;

/// <summary>A token that must not be taken.</summary>
/// <param name="Name">What it tries.</param>
/// <param name="Why">Why it must not be taken, or what would come of it.</param>
/// <param name="Make">Makes it: an issuer whose keys are known, and a stranger.</param>
/// <param name="Reason">What it is refused with.</param>
internal sealed record Attack(string Name, string Why, Func<TestIssuer, TestIssuer, string> Make, string Reason);
