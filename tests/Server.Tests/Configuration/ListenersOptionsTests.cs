using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

/// <summary>A listener of workers that others can reach is not opened by mistake.</summary>
public sealed class ListenersOptionsTests
{
    private const string Tls = "tls: { certificate: /etc/tls.pem, key: /etc/tls.key }";
    private const string MissingTls = "TLS (listeners.tls.certificate and key)", MissingAuth = "a way for callers to show who they are (auth, for example auth.tokens.file)";

    private static string? ProblemOf(string listeners, string more = "")
    {
        try
        {
            new ConfigLoader().AddText("test", $"listeners: {{ {listeners} }}\n{more}").Load();
            return null;
        }
        catch (ConfigException exception)
        {
            return Assert.Single(exception.Problems).ToString();
        }
    }

    [Theory]
    [InlineData("workers: 127.0.0.1:8982")]
    [InlineData("workers: '[::1]:8982'")]
    [InlineData("workers: 'unix:/run/workers.sock'")]
    [InlineData("workers: 0.0.0.0:8982, workerAuth: { tokenFile: /etc/tokens }")]
    [InlineData("workers: 0.0.0.0:8982, workerAuth: { insecure: true }")]
    [InlineData("workers: 10.0.0.1:8982, workerAuth: { clientCa: /etc/ca.pem }, tls: { certificate: /etc/tls.pem, key: /etc/tls.key }")]
    public void What_is_out_of_reach_or_guarded_may_be_opened(string listeners) => Assert.Null(ProblemOf(listeners));

    [Theory]
    [InlineData("workers: 0.0.0.0:8982", "0.0.0.0:8982")]
    [InlineData("workers: [127.0.0.1:8982, 10.0.0.1:8982]", "10.0.0.1:8982")]
    [InlineData("workers: '[::]:8982'", "[::]:8982")]
    public void What_can_be_reached_needs_a_guard_or_a_word(string listeners, string address) => Assert.Equal(
        $"listeners.workers: {address} can be reached from other machines, and whoever joins there decides what actions answer: "
        + "set listeners.workerAuth.tokenFile or listeners.workerAuth.clientCa, or say listeners.workerAuth.insecure: true",
        ProblemOf(listeners)?.Split(": ", 2)[1]);

    [Theory]
    [InlineData("grpc: 0.0.0.0:1", "insecure: true")]
    [InlineData("grpc: 0.0.0.0:1, http: '[::]:2', " + Tls, "auth: { tokens: { file: /etc/tokens } }")]
    [InlineData("grpc: [ 127.0.0.2:1, 'unix:/run/x' ], http: '[::1]:2'", "")]
    [InlineData("grpc: 127.0.0.1:1, workers: 0.0.0.0:3", "auth: { tokens: { file: /etc/tokens } }")]
    public void What_clients_reach_from_elsewhere_may_be_opened_with_TLS_and_credentials_or_a_word(string listeners, string more) => Assert.Null(ProblemOf(listeners, more));

    [Theory]
    [InlineData("grpc: [ 127.0.0.1:1, 10.0.0.1:2 ]", "", "listeners.grpc", "10.0.0.1:2", MissingTls + " and " + MissingAuth)]
    [InlineData("http: '[::]:1'", "", "listeners.http", "[::]:1", MissingTls + " and " + MissingAuth)]
    [InlineData("http: 0.0.0.0:1, " + Tls, "", "listeners.http", "0.0.0.0:1", MissingAuth)]
    [InlineData("http: 0.0.0.0:1, " + Tls, "auth: { anonymous: reader }", "listeners.http", "0.0.0.0:1", MissingAuth)]
    [InlineData("grpc: 0.0.0.0:1", "auth: { tokens: { file: /etc/tokens } }", "listeners.grpc", "0.0.0.0:1", MissingTls)]
    public void What_clients_reach_from_elsewhere_is_not_opened_by_mistake(string listeners, string more, string key, string address, string missing) => Assert.Equal(
        $"{key}: {address} can be reached from other machines, whose users could read and write the cache, or listen: set up {missing}; or say insecure: true (--insecure) where the network lets nobody else through",
        ProblemOf(listeners, more)?.Split(": ", 2)[1]);

    [Theory]
    [InlineData("workerAuth: { clientCa: /etc/ca.pem }", "clientCa needs TLS")]
    [InlineData("workerAuth: { tokenFile: /etc/tokens, insecure: true }", "lets everybody in")]
    public void What_does_not_fit_is_told(string listeners, string words) => Assert.Contains(words, ProblemOf(listeners), StringComparison.Ordinal);
}
