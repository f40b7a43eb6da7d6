using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain;

/// <summary>Compares actions, part by part.</summary>
/// <param name="cas">Where their inputs are.</param>
/// <param name="limits">How far a comparison goes.</param>
/// <param name="time">The clock.</param>
public sealed class ActionComparer(IBlobStore cas, ComparisonLimits limits, TimeProvider time)
{
    /// <summary>In what a later action differs from an earlier one. What can't be read is named, and not taken for equal.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task<ActionComparison> CompareAsync(ActionContent before, ActionContent after, CancellationToken cancellationToken)
    {
        if (before.Digest == after.Digest)
            return new ActionComparison { IsSameInputRoot = true };
        if (before.Action is not { } old || after.Action is not { } current)
            return new ActionComparison { NotCompared = [$"the {(before.Action is null ? "earlier" : "later")} action {(before.Action is null ? before : after).Digest.ToArgument()} is not in the CAS"] };

        ActionComparison comparison = CompareCommands(before, after) with
        {
            Platform = CompareMany(PropertiesOf(before.Platform), PropertiesOf(after.Platform)),
            Timeout = ValueChange.Of("timeout", old.Timeout?.ToString().Trim('"'), current.Timeout?.ToString().Trim('"')),
            Salt = ValueChange.Of("salt", SaltOf(old), SaltOf(current)),
            DoNotCache = ValueChange.Of("do_not_cache", old.DoNotCache ? "true" : "false", current.DoNotCache ? "true" : "false"),
        };
        return await CompareInputsAsync(comparison, before, after, cancellationToken);
    }

    private static ActionComparison CompareCommands(ActionContent before, ActionContent after)
    {
        if (before.Action!.CommandDigest?.Equals(after.Action!.CommandDigest) == true)
            return new ActionComparison();
        if (before.Command is not { } old || after.Command is not { } current)
            return new ActionComparison { NotCompared = [$"the commands differ, but the {(before.Command is null ? "earlier" : "later")} one is not in the CAS"] };

        bool isOrder = !old.Arguments.SequenceEqual(current.Arguments, StringComparer.Ordinal) && ArgumentDiff.IsOrderOnly(old.Arguments, current.Arguments);
        return new ActionComparison
        {
            IsArgumentOrder = isOrder,
            Arguments = ArgumentDiff.Compare(old.Arguments, current.Arguments),
            Environment = CompareMany(
                old.EnvironmentVariables.Select(variable => (variable.Name, variable.Value)), current.EnvironmentVariables.Select(variable => (variable.Name, variable.Value))),
            WorkingDirectory = ValueChange.Of("working_directory", old.WorkingDirectory, current.WorkingDirectory),
            OutputsAdded = [.. after.Outputs.Except(before.Outputs, StringComparer.Ordinal)],
            OutputsRemoved = [.. before.Outputs.Except(after.Outputs, StringComparer.Ordinal)],
            Others =
            [
                .. new[]
                {
                    ValueChange.Of("output_directory_format", old.OutputDirectoryFormat.ToString(), current.OutputDirectoryFormat.ToString()),
                    ValueChange.Of("output_node_properties", string.Join(", ", old.OutputNodeProperties), string.Join(", ", current.OutputNodeProperties)),
                }.OfType<ValueChange>(),
            ],
        };
    }

    private async Task<ActionComparison> CompareInputsAsync(ActionComparison comparison, ActionContent before, ActionContent after, CancellationToken cancellationToken)
    {
        if (before.InputRoot is not { } old || after.InputRoot is not { } current)
            return comparison with { NotCompared = [.. comparison.NotCompared, "an action names no input root"] };
        if (old == current)
            return comparison with { IsSameInputRoot = true };
        var walk = new InputDiff(cas, limits, time);
        await walk.CompareAsync(old, current, cancellationToken);
        var files = new FileComparison(cas, old, limits.TextDiffs);
        IReadOnlyList<InputChange> changes = InputRenames.Find(walk.Changes);
        IReadOnlyList<InputChange> inputs = await files.AddTextsAsync([.. changes.Take(limits.Inputs)], cancellationToken);
        return comparison with
        {
            Inputs = inputs,
            HasMoreInputs = walk.IsCut || changes.Count > limits.Inputs,
            NotCompared = [.. comparison.NotCompared, .. walk.NotCompared],
            Arguments = [.. comparison.Arguments, .. await files.ResponseFileChangesAsync(inputs, after.Command, cancellationToken)],
        };
    }

    private static ValueChange[] CompareMany(IEnumerable<(string Name, string Value)> before, IEnumerable<(string Name, string Value)> after)
    {
        Dictionary<string, string> olds = Join(before), news = Join(after);
        return
        [
            .. olds.Keys.Union(news.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(name => ValueChange.Of(name, olds.GetValueOrDefault(name), news.GetValueOrDefault(name))).OfType<ValueChange>(),
        ];
    }

    private static Dictionary<string, string> Join(IEnumerable<(string Name, string Value)> values) =>
        values.GroupBy(value => value.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => string.Join(", ", group.Select(value => value.Value)), StringComparer.Ordinal);

    private static IEnumerable<(string Name, string Value)> PropertiesOf(Reapi.Platform? platform) => platform?.Properties.Select(property => (property.Name, property.Value)) ?? [];

    private static string? SaltOf(Reapi.Action action) => action.Salt.IsEmpty ? null : Convert.ToHexStringLower(action.Salt.Span);
}
