namespace RemoteExec.Server.Api;

/// <summary>A request to the API can't be answered.</summary>
internal sealed class ApiProblemException(int status, string message) : Exception(message)
{
    /// <summary>The status code of HTTP.</summary>
    public int Status { get; } = status;
}
