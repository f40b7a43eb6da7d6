namespace RemoteExec.Server.Quotas;

/// <summary>That a tenant asks for more than its quota.</summary>
/// <param name="Message">What is exceeded, for people.</param>
/// <param name="Wait">When to come again.</param>
internal sealed record QuotaRefusal(string Message, TimeSpan Wait);
