namespace RemoteExec.Server.Auth;

/// <summary>
/// One way to show who one is. It is asked with every call: what takes long it remembers itself, and looks each time whether it still holds, as credentials end and are taken away. May be called concurrently.
/// </summary>
internal interface IAuthenticator
{
    /// <summary>What it takes, in a few words for who has shown nothing good: <c>a token (Authorization: Bearer)</c>.</summary>
    string Kind { get; }

    /// <summary>Looks at credentials. It throws nothing that their sender can cause.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    ValueTask<Authentication> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken);
}
