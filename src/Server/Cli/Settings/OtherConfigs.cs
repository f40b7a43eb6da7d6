namespace RemoteExec.Server.Cli.Settings;

/// <summary>Lines for the configuration of clients other than Bazel.</summary>
internal static class OtherConfigs
{
    /// <summary>Those of Pants.</summary>
    public static IEnumerable<string> Pants(ClientFacts facts)
    {
        yield return "[GLOBAL]";
        yield return $"remote_store_address = \"{facts.Address}\"";
        yield return "remote_cache_read = true";
        yield return $"remote_cache_write = {(facts.Offer.TakesResults ? "true" : "false # this caller may not")}";
        if (facts.Offer.Executes)
        {
            yield return $"remote_execution_address = \"{facts.Address}\"";
            yield return "remote_execution = true";
        }

        if (facts.Options.Instance.Length > 0)
            yield return $"remote_instance_name = \"{facts.Options.Instance}\"";
        if (facts.Options.Ca is { } roots)
            yield return $"remote_ca_certs_path = \"{roots}\"";
        if (facts.Options.Certificate is { } certificate)
        {
            yield return $"remote_client_certs_path = \"{certificate}\"";
            yield return $"remote_client_key_path = \"{facts.Options.Key}\"";
        }

        if (facts.Options.TokenFile is { } file)
            yield return $"remote_oauth_bearer_token = \"@{file}\"";
    }

    /// <summary>Those of Buck2.</summary>
    public static IEnumerable<string> Buck2(ClientFacts facts)
    {
        yield return "[buck2_re_client]";
        foreach (string service in new[] { "engine", "action_cache", "cas" })
            yield return $"{service}_address = {facts.Address}";
        yield return $"tls = {(facts.IsEncrypted ? "true" : "false")}";
        if (facts.Options.Ca is { } roots)
            yield return $"tls_ca_certs = {roots}";
        if (facts.Options.Certificate is not null)
            yield return "# one file with certificate and key: tls_client_cert = FILE";
        if (facts.Options.Instance.Length > 0)
            yield return $"instance_name = {facts.Options.Instance}";
        if (facts.Options.TokenFile is { } file)
        {
            yield return $"# export REMOTEEXEC_TOKEN=\"$(cat {file})\"";
            yield return $"http_headers = {facts.Header}: {facts.Scheme}$REMOTEEXEC_TOKEN";
        }

        yield return "";
        yield return "[buck2]";
        yield return "digest_algorithms = SHA256";
        yield return facts.Offer.Executes ? "# and an execution platform with remote_enabled = True" : "# and an execution platform with remote_cache_enabled = True: execution is not offered to this caller";
    }

    /// <summary>Those of Please.</summary>
    public static IEnumerable<string> Please(ClientFacts facts)
    {
        yield return "[remote]";
        yield return $"url = {facts.Authority}";
        if (facts.Options.Instance.Length > 0)
            yield return $"instance = {facts.Options.Instance}";
        yield return $"secure = {(facts.IsEncrypted ? "true" : "false")}";
        yield return facts.Offer.Executes ? "numexecutors = 20" : "; execution is not offered to this caller, without which Please uses the server for nothing";
        if (facts.Options.TokenFile is { } file)
            yield return $"tokenfile = {file}";
    }

    /// <summary>Those of reclient.</summary>
    public static IEnumerable<string> Reclient(ClientFacts facts)
    {
        yield return $"export RBE_service={facts.Authority}";
        if (!facts.IsEncrypted)
            yield return "export RBE_service_no_security=true";
        if (facts.Options.Ca is { } roots)
            yield return $"export RBE_tls_ca_cert={roots}";
        if (facts.Options.Certificate is { } certificate)
        {
            yield return $"export RBE_tls_client_auth_cert={certificate}";
            yield return $"export RBE_tls_client_auth_key={facts.Options.Key}";
        }

        yield return facts.Options.TokenFile is { } file ? $"# RBE_credentials_helper names a program that prints the token in {file}" : "export RBE_service_no_auth=true";
        if (facts.Options.Instance.Length > 0)
            yield return $"export RBE_instance={facts.Options.Instance}";
    }

    /// <summary>Those of BuildStream.</summary>
    public static IEnumerable<string> BuildStream(ClientFacts facts)
    {
        string url = $"{(facts.IsEncrypted ? "https" : "http")}://{facts.Authority}";
        string instance = facts.Options.Instance.Length == 0 ? "" : $", instance-name: \"{facts.Options.Instance}\"";
        string auth = string.Join(", ", new[]
        {
            facts.Options.Ca is { } roots ? $"server-cert: \"{roots}\"" : null,
            facts.Options.Certificate is { } certificate ? $"client-cert: \"{certificate}\", client-key: \"{facts.Options.Key}\"" : null,
            facts.Options.TokenFile is { } file ? $"access-token: \"{file}\"" : null,
        }.OfType<string>());
        string service = $"{{ url: \"{url}\"{instance}{(auth.Length == 0 ? "" : $", auth: {{ {auth} }}")} }}";
        if (facts.Offer.Executes)
        {
            yield return "remote-execution:";
            foreach (string name in new[] { "execution-service", "storage-service", "action-cache-service" })
                yield return $"  {name}: {service}";
        }

        yield return "cache:";
        yield return $"  storage-service: {service}";
    }

    /// <summary>Those of ccache, which knows HTTP alone.</summary>
    public static IEnumerable<string> Ccache(ClientFacts facts)
    {
        if (facts.Options.Http is not { } http)
            throw new StartupException("ccache speaks HTTP: say where the server's HTTP listener is, with --http URL");
        string url = new Uri(http).GetLeftPart(UriPartial.Authority);
        string instance = facts.Options.Instance.Length == 0 ? "" : facts.Options.Instance + "/";
        string more = facts.Offer.TakesResults ? "" : "|read-only";
        yield return facts.Options.TokenFile is { } file
            ? $"export CCACHE_REMOTE_STORAGE=\"{url}/{instance}|layout=bazel|bearer-token=$(cat {file}){more}\" # ccache 4.8 and later; before: a user and the token in the address"
            : $"export CCACHE_REMOTE_STORAGE='{url}/{instance}|layout=bazel{more}'";
    }
}
