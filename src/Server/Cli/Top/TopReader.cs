using System.Text.Json;
using Google.Protobuf;
using RemoteExec.Builds.Records;
using RemoteExec.Protocol.Operators;
using RemoteExec.Server.Api;
using RemoteExec.Server.Cli.Builds;

namespace RemoteExec.Server.Cli.Top;

/// <summary>Asks a server what it does. What it does not offer is left out; that it does not answer is part of what is seen.</summary>
/// <param name="server">The way to it.</param>
/// <param name="time">The clock.</param>
internal sealed class TopReader(ApiConnection.Asking server, TimeProvider time)
{
    /// <summary>Builds are shown that made a call within this time.</summary>
    public static TimeSpan Lately { get; } = TimeSpan.FromSeconds(30);

    private const int MostBuilds = 50;
    private const int MostQuietBuilds = 10;
    private const int MostOperations = 1000;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);
    private static readonly JsonParser parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    private ScrapedCounters? counted;
    private long countedAt;

    /// <summary>Looks once.</summary>
    /// <exception cref="OperationCanceledException">The token has fired.</exception>
    public async Task<TopSnapshot> LookAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await AskAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed($"does not answer within {Words.Age(patience)}");
        }
        catch (HttpRequestException exception)
        {
            return Failed($"does not answer ({exception.Message})");
        }
        catch (Exception exception) when (exception is JsonException or InvalidJsonException or InvalidProtocolBufferException)
        {
            return Failed("is no server of this kind, or of another version");
        }
    }

    private async Task<TopSnapshot> AskAsync(CancellationToken cancellationToken)
    {
        string? about = await server.FindAsync("api/v1/server", cancellationToken);
        string? metrics = await server.FindAsync("metrics", cancellationToken);
        string? queues = await server.FindAsync("api/v1/queue?builds=1", cancellationToken);
        string? listed = queues is null ? null : await server.FindAsync($"api/v1/operations?limit={MostOperations}", cancellationToken);
        string? builds = await server.FindAsync($"api/v1/builds?since={(int)Lately.TotalSeconds}s&limit={MostBuilds}", cancellationToken);
        if (about is null)
            throw new JsonException("it does not say what it is");

        ServerView view = JsonSerializer.Deserialize(about, ApiJson.Default.ServerView)!;
        ListOperationsResponse? operations = listed is null ? null : parser.Parse<ListOperationsResponse>(listed);
        DateTimeOffset now = time.GetUtcNow();
        return new TopSnapshot(server.Address, now)
        {
            Version = view.Version,
            Started = view.Started,
            Rates = metrics is null ? null : Count(ScrapedCounters.Parse(metrics)),
            Queue = queues is null ? null : TopQueue.Of(parser.Parse<ListQueuesResponse>(queues)),
            Running = operations is null ? null : TopAction.Of(operations, now),
            Builds = builds is null ? null : await GoOnAsync(JsonSerializer.Deserialize(builds, ApiJson.Default.BuildPage)!.Items, operations, now, cancellationToken),
        };
    }

    // A build that waits for a long action makes no calls meanwhile.
    private async Task<IReadOnlyList<TopBuild>> GoOnAsync(IReadOnlyList<BuildSummary> lately, ListOperationsResponse? operations, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ILookup<string, OperationInfo> open = (operations?.Operations ?? []).Where(operation => operation.Invocation.Length > 0).ToLookup(operation => operation.Invocation);
        List<BuildSummary> builds = [.. lately];
        foreach (string invocation in open.Select(operation => operation.Key).Except(lately.Select(build => build.Invocation)).Take(MostQuietBuilds))
        {
            if (await server.FindAsync($"api/v1/builds/{Uri.EscapeDataString(invocation)}", cancellationToken) is { } found)
                builds.Add(JsonSerializer.Deserialize(found, ApiJson.Default.BuildDetails)!.Build);
        }

        return
        [
            .. builds.OrderByDescending(build => build.Began).Select(build =>
            {
                int running = open[build.Invocation].Count(operation => operation.Started is not null), queued = open[build.Invocation].Count() - running;
                return new TopBuild(build, running + queued > 0 ? Math.Max(0, (now - build.Began).TotalSeconds) : build.DurationSeconds, queued, running);
            }),
        ];
    }

    private TopRates? Count(ScrapedCounters counters)
    {
        TopRates? rates = counted is null ? null : counters.Since(counted, time.GetElapsedTime(countedAt));
        (counted, countedAt) = (counters, time.GetTimestamp());
        return rates;
    }

    private TopSnapshot Failed(string problem) => new(server.Address, time.GetUtcNow()) { Problem = problem };
}
