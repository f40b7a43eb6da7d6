namespace RemoteExec.Assets;

/// <summary>An asset is not to be had.</summary>
/// <param name="failure">Why, for clients.</param>
/// <param name="message">Why, for people.</param>
/// <param name="innerException">What has brought it about.</param>
public sealed class AssetException(AssetFailure failure, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Why.</summary>
    public AssetFailure Failure { get; } = failure;

    /// <summary>Which of the URIs could not be had; empty if it is none of them in particular.</summary>
    public string Uri { get; init; } = "";

    /// <summary>The qualifiers of which nothing is known, if that is why.</summary>
    public IReadOnlyList<string> UnknownQualifiers { get; init; } = [];
}
