using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

/// <summary>A listener of workers that others can reach is not opened by mistake.</summary>
public sealed class ListenersOptionsTests
{
    private static string? ProblemOf(string listeners)
    {
        try
        {
            new ConfigLoader().AddText("test", $"listeners: {{ {listeners} }}").Load();
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
    [InlineData("workerAuth: { clientCa: /etc/ca.pem }", "clientCa needs TLS")]
    [InlineData("workerAuth: { tokenFile: /etc/tokens, insecure: true }", "lets everybody in")]
    public void What_does_not_fit_is_told(string listeners, string words) => Assert.Contains(words, ProblemOf(listeners), StringComparison.Ordinal);
}
