namespace RemoteExec.Probe.Diagnosis;

/// <summary>Who the server takes the caller for, and what it offers him.</summary>
internal static class OfferFindings
{
    public static IEnumerable<Finding> Of(Introduction introduction, Route route)
    {
        string instance = route.Instance.Length == 0 ? "the nameless instance" : $"the instance '{route.Instance}'";
        if (introduction.Failure is { } failure)
        {
            yield return OfRefusal(failure, introduction.Message, route, instance);
            yield break;
        }

        yield return new Finding("caller", FindingLevel.Ok, route.ShowsCredentials ? "what is shown is taken" : "no credentials are asked for");
        Build.Bazel.Semver.SemVer? low = introduction.Capabilities!.LowApiVersion, high = introduction.Capabilities.HighApiVersion;
        yield return low is null || high is null
            ? new Finding("api", FindingLevel.Warning, "the server tells no version of the API", "clients may refuse it, Bazel does")
            : new Finding("api", FindingLevel.Ok, $"{low.Major}.{low.Minor} to {high.Major}.{high.Minor}, for {instance}");
        yield return OfCache(introduction);
        yield return introduction.Executes
            ? new Finding("execution", FindingLevel.Ok, "offered")
            : new Finding("execution", FindingLevel.Skipped, "not offered to this caller: a client that is told --remote_executor fails");
    }

    public static Finding OfStranger(Introduction stranger) => stranger.Failure == CallFailure.NotKnown
        ? new Finding("strangers", FindingLevel.Ok, "who shows nothing is turned away")
        : new Finding("strangers", FindingLevel.Warning, "who shows nothing is answered as well", "turn strangers away on the server, if it is not meant to be open");

    private static Finding OfCache(Introduction introduction)
    {
        if (!introduction.Caches)
            return new Finding("cache", FindingLevel.Skipped, "not offered");
        string compression = introduction.Compresses ? "compresses with zstd" : "does not compress";
        return introduction.TakesResults
            ? new Finding("cache", FindingLevel.Ok, $"takes results and blobs, {compression}")
            : new Finding("cache", FindingLevel.Warning, $"read only for this caller, {compression}", "Bazel needs --noremote_upload_local_results; who shall fill the cache needs the role for it");
    }

    private static Finding OfRefusal(CallFailure failure, string message, Route route, string instance) => failure switch
    {
        CallFailure.NotKnown => new Finding("caller", FindingLevel.Failure, message, route.ShowsCredentials
            ? "what is shown is not taken: 'remoteexec login' with another token, or --token-file"
            : "show a token or a certificate: 'remoteexec login', --token-file or --cert"),
        CallFailure.NotAllowed => new Finding("caller", FindingLevel.Failure, message, $"ask who runs the server for a role in {instance}, or name another with --instance"),
        CallFailure.Refused => new Finding("instance", FindingLevel.Failure, message, $"the server does not have {instance}: name another with --instance"),
        CallFailure.NotOffered => new Finding("api", FindingLevel.Failure, message, "this is no server of the Remote Execution API: name its gRPC address"),
        _ => new Finding("api", FindingLevel.Failure, message, "the server's log says more"),
    };
}
