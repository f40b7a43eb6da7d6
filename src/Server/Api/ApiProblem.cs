namespace RemoteExec.Server.Api;

/// <summary>Why a request could not be answered, as <c>application/problem+json</c> (RFC 9457).</summary>
/// <param name="Title">What kind of problem it is.</param>
/// <param name="Status">The status code of HTTP.</param>
/// <param name="Detail">What happened, which value was bad, and what to do.</param>
internal sealed record ApiProblem(string Title, int Status, string Detail);
