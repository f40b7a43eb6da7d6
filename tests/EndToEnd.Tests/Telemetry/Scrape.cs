using System.Globalization;

namespace RemoteExec.EndToEnd.Tests.Telemetry;

/// <summary>What <c>/metrics</c> of a server says.</summary>
internal static class Scrape
{
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(1);

    /// <summary>All of it.</summary>
    public static async Task<string> GetAsync(ServerProcess server)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return await client.GetStringAsync(new Uri($"http://{server.HttpAddress}/metrics"), TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until the values of all lines that begin so add up to a number, or to at least another.</summary>
    public static async Task WaitForAsync(ServerProcess server, string start, double? sum = null, double atLeast = 0)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(patience);
        while (true)
        {
            string text = await GetAsync(server);
            double now = text.Split('\n').Where(line => line.StartsWith(start, StringComparison.Ordinal)).Sum(line => double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture));
            if (sum is { } exact ? now == exact : now >= atLeast)
                return;
            string others = string.Join('\n', text.Split('\n').Where(line => line.StartsWith(start.Split('{')[0], StringComparison.Ordinal)));
            Assert.False(limit.IsCancellationRequested, $"{start}…: {now}, not {sum ?? atLeast}; there is\n{others}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
