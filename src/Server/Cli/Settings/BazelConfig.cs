namespace RemoteExec.Server.Cli.Settings;

/// <summary>Lines for a <c>.bazelrc</c>, that Bazel 4 and all later ones read.</summary>
internal static class BazelConfig
{
    /// <summary>Makes them.</summary>
    public static IEnumerable<string> Lines(ClientFacts facts)
    {
        if (facts.Offer.Caches)
        {
            yield return "# bazel build --config=cache: actions run here, what they make is shared.";
            yield return $"build:cache --remote_cache={facts.Address}";
        }

        if (facts.Offer.Executes)
        {
            yield return "# bazel build --config=remote: actions run on the server's workers.";
            yield return $"build:remote --remote_executor={facts.Address}";
        }

        if (!facts.Offer.TakesResults)
        {
            yield return "# What this caller builds is not taken from him.";
            yield return "build --noremote_upload_local_results";
        }

        if (facts.Options.Instance.Length > 0)
            yield return $"build --remote_instance_name={facts.Options.Instance}";
        yield return "# Large blobs and a restart of the server take a while.";
        yield return "build --remote_timeout=600 --remote_retries=5";
        yield return "# Before Bazel 8: without it the PATH of each machine is part of its actions, and no two machines share results.";
        yield return "build --incompatible_strict_action_env";
        if (facts.Offer.Compresses)
            yield return "# Bazel 7 and later, over a slow network: build --remote_cache_compression";
        foreach (string line in Credentials(facts))
            yield return line;
    }

    private static IEnumerable<string> Credentials(ClientFacts facts)
    {
        if (facts.Options.Ca is { } roots)
            yield return $"build --tls_certificate={roots}";
        if (facts.Options.Certificate is { } certificate)
            yield return $"build --tls_client_certificate={certificate} --tls_client_key={facts.Options.Key}";
        if (facts.Options.TokenFile is not { } file)
            yield break;
        yield return "# The token is a secret: it belongs into no .bazelrc that others read. Bazel 7 and later run a program for it; save as an executable file,";
        yield return "#   #!/bin/sh";
        yield return $$$"""#   printf '{"headers":{"{{{facts.Header}}}":["{{{facts.Scheme}}}%s"]}}' "$(cat {{{file}}})" """.TrimEnd();
        yield return $"# and name it: build --credential_helper={facts.Address.BaseUri.IdnHost}=%workspace%/tools/credentials";
        yield return "# Earlier ones take a file that only you can read, and that is made by:";
        yield return $"#   (umask 077; echo \"build --remote_header='{facts.Header}={facts.Scheme}$(cat {file})'\" > ~/.config/remoteexec/token.bazelrc)";
        yield return $"try-import {Path.Combine(HomeOf(), ".config", "remoteexec", "token.bazelrc")}";
    }

    private static string HomeOf() => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
}
