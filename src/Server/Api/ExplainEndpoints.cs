using Microsoft.AspNetCore.Http;
using RemoteExec.Builds;
using RemoteExec.Builds.Explain;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Server.Cli;

namespace RemoteExec.Server.Api;

/// <summary>
/// Why actions missed, over HTTP as JSON: <c>/api/v1/builds/{id}/causes</c>, and <c>/api/v1/actions/{hash}/explanation</c> or <c>/api/v1/actions/{hash}/{size}/explanation</c>, with
/// <c>instance</c> and <c>digestFunction</c> as parameters where they are not the usual ones; <c>with=hash/size</c> compares it with that earlier action, for which the size has to be given.
/// </summary>
/// <param name="records">Who knows the builds; null if nothing is written down.</param>
/// <param name="history">Who knows the actions; null if nothing is written down.</param>
/// <param name="time">The clock.</param>
internal sealed class ExplainEndpoints(BuildRecords? records, MissHistory? history, TimeProvider time)
{
    /// <summary>The paths.</summary>
    public IEnumerable<ApiRoute> Routes =>
    [
        new("builds/{id}/causes", "Why actions of a build missed, by how many of them each cause is to blame for.", (context, values) => ExplainBuildAsync(context, values[0])) { Answer = ExplainJson.Default.BuildCauses },
        new("actions/{hash}/explanation", "Why an action missed.", (context, values) => ExplainAsync(context, values[0])) { Answer = ExplainJson.Default.Explanation, Parameters = parameters },
        new("actions/{hash}/{size}/explanation", "Why an action missed, or in what it differs from another.", (context, values) => ExplainAsync(context, $"{values[0]}/{values[1]}")) { Answer = ExplainJson.Default.Explanation, Parameters = parameters },
    ];

    private static readonly ApiParameter[] parameters =
        [ApiParameter.Instance, ApiParameter.DigestFunction, new("with", "An earlier action, hash/size, to compare it with, whatever that has to do with it; takes the size of both.")];

    private async Task ExplainBuildAsync(HttpContext context, string id)
    {
        _ = new ApiQuery(context, time);
        BuildCauses causes = await Records.ExplainBuildAsync(id, context.RequestAborted)
            ?? throw new ApiProblemException(StatusCodes.Status404NotFound, $"no miss of build '{id}' is known: it may have missed nothing, be too old, or not have come here");
        await ApiAnswers.WriteAsync(context, causes, ExplainJson.Default.BuildCauses);
    }

    private async Task ExplainAsync(HttpContext context, string text)
    {
        var query = new ApiQuery(context, time, "instance", "digestFunction", "with");
        if (!InstanceName.TryParse(query.Text("instance"), out InstanceName instance, out string? error))
            throw new ApiProblemException(StatusCodes.Status400BadRequest, $"instance: {error}");
        string prefix = query.Text("digestFunction") is { } function ? function + ":" : "";
        Digest action = DigestArgument.Parse(instance, prefix + (text.Contains('/', StringComparison.Ordinal) ? text : text + "/0"))
            ?? throw new ApiProblemException(StatusCodes.Status400BadRequest, $"'{text}' is no digest: write its hash, or hash/size");
        Explanation? explanation = query.Text("with") is { } other
            ? await CompareAsync(action, text, DigestArgument.Parse(instance, other.Contains(':', StringComparison.Ordinal) ? other : prefix + other), context.RequestAborted)
            : await Records.ExplainAsync(instance, action.HashSpan.ToArray(), context.RequestAborted);
        await ApiAnswers.WriteAsync(
            context,
            explanation ?? throw new ApiProblemException(StatusCodes.Status404NotFound, $"no miss of action {text} is known: it may have been a hit, be too old, belong to another instance, or not have come here"),
            ExplainJson.Default.Explanation);
    }

    private async Task<Explanation> CompareAsync(Digest action, string text, Digest? other, CancellationToken cancellationToken)
    {
        if (other is null || !text.Contains('/', StringComparison.Ordinal))
            throw new ApiProblemException(StatusCodes.Status400BadRequest, "to compare two actions, write both with their sizes: actions/hash/size/explanation?with=hash/size");
        _ = Records;
        return await history!.CompareAsync(other.Value, action, cancellationToken);
    }

    private BuildRecords Records => history is null || records is null
        ? throw new ApiProblemException(StatusCodes.Status404NotFound, "this server does not write down what builds do: set builds.maxBytes to a size, or look into its log for why it can't")
        : records;
}
