using Microsoft.AspNetCore.Http;
using RemoteExec.Builds;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Records;

namespace RemoteExec.Server.Api;

/// <summary>
/// What builds did, over HTTP as JSON: <c>/api/v1/builds</c>, <c>/api/v1/builds/{id}</c>, <c>/api/v1/builds/{id}/actions</c>, <c>…/targets</c>, <c>…/tests</c> and <c>/api/v1/stats</c>. Where callers are not told apart, looking is free to
/// whoever reaches the listener, as it is with queues and workers. <c>docs/builds.md</c> has the parameters.
/// </summary>
/// <param name="records">What is asked; null if nothing is written down.</param>
/// <param name="time">The clock.</param>
internal sealed class BuildEndpoints(BuildRecords? records, TimeProvider time)
{
    private static readonly TimeSpan statsTime = TimeSpan.FromDays(1);

    /// <summary>The paths.</summary>
    public IEnumerable<ApiRoute> Routes =>
    [
        new("builds", "What was built, the newest first.", (context, _) => ListAsync(context))
        {
            Answer = ApiJson.Default.BuildPage,
            Parameters =
            [
                new("tool", "Of this client alone, such as bazel."), new("instance", "In this instance alone."), Since, new("failed", "Only with actions that failed.") { Type = "boolean" },
                new("user", "Of this user alone, as the client has told."), ApiParameter.Of<BuildStatus>("status", "Only those that ended so, as the client has told."), ApiParameter.Limit, ApiParameter.After,
            ],
        },
        new("builds/{id}", "A build, by its id or by its tool_invocation_id, with sums by mnemonic and by target.", (context, values) => FindAsync(context, values[0])) { Answer = ApiJson.Default.BuildDetails },
        new("builds/{id}/actions", "The actions of a build.", (context, values) => ListActionsAsync(context, values[0]))
        {
            Answer = ApiJson.Default.ActionPage,
            Parameters =
            [
                ApiParameter.Of<ActionOutcome>("outcome", "Only those of which this came.", repeats: true), new("mnemonic", "Of this kind alone."), new("target", "Of this target alone."),
                new("sort", "The earliest first, or those whose command ran longest.") { Words = ["begin", "time"] }, ApiParameter.Limit, ApiParameter.After,
            ],
        },
        new("builds/{id}/targets", "The targets of a build, as the client has told.", (context, values) => ListTargetsAsync(context, values[0])) { Answer = ApiJson.Default.TargetPage, Parameters = ReportParameters<TargetStatus>() },
        new("builds/{id}/tests", "The tests of a build, as the client has told.", (context, values) => ListTestsAsync(context, values[0])) { Answer = ApiJson.Default.TestPage, Parameters = ReportParameters<TestStatus>() },
        new("stats", "What all actions came to over some time.", (context, _) => SumAsync(context))
        {
            Answer = ApiJson.Default.BuildStats,
            Parameters = [Since, new("by", "Sums by hour or by day of UTC.") { Words = ["hour", "day"] }, new("tool", "Of this client alone."), new("instance", "In this instance alone.")],
        },
    ];

    private static ApiParameter Since { get; } = new("since", "From then on: a time, or how long ago, as 36h or 7d.");

    private static IReadOnlyList<ApiParameter> ReportParameters<TStatus>()
        where TStatus : struct, Enum =>
        [ApiParameter.Of<TStatus>("status", "Only those of which this came.", repeats: true), new("label", "Only this one, or, with a * at the end, those that begin so."), ApiParameter.Limit, ApiParameter.After];

    private async Task ListAsync(HttpContext context)
    {
        var query = new ApiQuery(context, time, "tool", "instance", "since", "failed", "user", "status", "limit", "after");
        await ApiAnswers.WriteAsync(context, await Records.ListAsync(
                new BuildQuery
                {
                    Tool = query.Text("tool"),
                    Instance = query.Text("instance"),
                    Since = query.Time("since"),
                    HasFailed = query.Flag("failed"),
                    User = query.Text("user"),
                    Status = query.Text("status") is { } status ? ApiQuery.Word<BuildStatus>("status", status) : null,
                    Limit = query.Limit(50),
                    After = query.Text("after"),
                },
                context.RequestAborted),
            ApiJson.Default.BuildPage);
    }

    private async Task FindAsync(HttpContext context, string id)
    {
        _ = new ApiQuery(context, time);
        await ApiAnswers.WriteAsync(context, await Records.FindAsync(id, context.RequestAborted) ?? throw NotFound(id), ApiJson.Default.BuildDetails);
    }

    private async Task ListActionsAsync(HttpContext context, string id)
    {
        var query = new ApiQuery(context, time, "outcome", "mnemonic", "target", "sort", "limit", "after");
        var actions = new ActionQuery
        {
            Outcomes = query.Words<ActionOutcome>("outcome"),
            Mnemonic = query.Text("mnemonic"),
            Target = query.Text("target"),
            SlowestFirst = query.Choice("sort", "begin", "time") == "time",
            Limit = query.Limit(100),
            After = query.Text("after"),
        };
        await ApiAnswers.WriteAsync(context, await Records.ListActionsAsync(id, actions, context.RequestAborted) ?? throw NotFound(id), ApiJson.Default.ActionPage);
    }

    private async Task ListTargetsAsync(HttpContext context, string id) => await ApiAnswers.WriteAsync(
        context, await Records.ListTargetsAsync(id, ReportQueryOf<TargetStatus>(context), context.RequestAborted) ?? throw NotFound(id), ApiJson.Default.TargetPage);

    private async Task ListTestsAsync(HttpContext context, string id) => await ApiAnswers.WriteAsync(
        context, await Records.ListTestsAsync(id, ReportQueryOf<TestStatus>(context), context.RequestAborted) ?? throw NotFound(id), ApiJson.Default.TestPage);

    private ReportQuery<TStatus> ReportQueryOf<TStatus>(HttpContext context)
        where TStatus : struct, Enum
    {
        var query = new ApiQuery(context, time, "status", "label", "limit", "after");
        return new ReportQuery<TStatus> { Statuses = query.Words<TStatus>("status"), Label = query.Text("label"), Limit = query.Limit(100), After = query.Text("after") };
    }

    private async Task SumAsync(HttpContext context)
    {
        var query = new ApiQuery(context, time, "since", "by", "tool", "instance");
        DateTimeOffset since = query.Time("since") ?? time.GetUtcNow() - statsTime;
        IReadOnlyList<PeriodSums> periods = await Records.SumAsync(since, query.Choice("by", "hour", "day") == "day", query.Text("tool"), query.Text("instance"), context.RequestAborted);
        var stats = new BuildStats
        {
            Since = since,
            Total = ActionSums.Of(periods.Select(period => period.Sums)),
            Periods = periods,
            DroppedCalls = Records.DroppedCalls,
            DroppedSightings = Records.DroppedSightings,
            Sharing = Records.Sharing,
        };
        await ApiAnswers.WriteAsync(context, stats, ApiJson.Default.BuildStats);
    }

    private BuildRecords Records => records
        ?? throw new ApiProblemException(StatusCodes.Status404NotFound, "this server does not write down what builds do: set builds.maxBytes to a size, or look into its log for why it can't");

    private static ApiProblemException NotFound(string id) =>
        new(StatusCodes.Status404NotFound, $"no build '{id}' is known: it may be too old, or not have come here; /api/v1/builds has those that are");
}
