using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Explain.Logs;
using RemoteExec.Server.Cli.Builds;

namespace RemoteExec.Server.Cli.Explain;

/// <summary><c>remoteexec explain</c>: why something missed.</summary>
internal static partial class ExplainCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec explain 1b671a64-40d5-491e-99b0-da01ff1f3341      a build: Bazel prints it as 'Invocation ID'
        remoteexec explain b0ce1b5e5b8ca76e33ef987ab8aea479964bdf1132f61f9c1743a434a49da1dd      an action
        remoteexec explain b0ce…/149 a3a3…/144                        two actions, the earlier one first
        remoteexec explain --execution-log before.json after.json     two builds with --execution_log_json_file, without a server
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var what = new Argument<string[]>("BUILD|ACTION") { Arity = new ArgumentArity(0, 2), Description = "a build, by its id or what it calls itself; an action, by the hash of its digest; or two actions, the earlier one first, with their sizes" };
        var instance = new Option<string?>("--instance") { HelpName = "NAME", Description = "the instance of the action [default: the one without a name]" };
        var logs = new Option<string[]>("--execution-log") { HelpName = "EARLIER LATER", Arity = new ArgumentArity(2, 2), AllowMultipleArgumentsPerToken = true, Description = "compare two builds by their execution logs, instead of asking a server" };
        var command = new Command("explain", "Says why a build's actions missed, or one action did, and what differs from the action that was seen before.") { what, instance, logs };
        var connection = new ApiConnection(command);
        command.SetAction((result, cancellationToken) =>
        {
            string[] names = result.GetValue(what) ?? [];
            if (result.GetValue(logs) is [var earlier, var later])
                return CompareLogsAsync(earlier, later, connection.WantsJson(result), terminal, cancellationToken);
            var text = new ExplainText(terminal);
            return names switch
            {
                [var build] when !Hash().IsMatch(build) => connection.AskAsync(
                    result, terminal, $"api/v1/builds/{Uri.EscapeDataString(build)}/causes", ExplainJson.Default.BuildCauses, text.Write, cancellationToken),
                [var action] => connection.AskAsync(
                    result, terminal, PathOf(action, result.GetValue(instance)).ToString(), ExplainJson.Default.Explanation, text.Write, cancellationToken),
                [var before, var after] when before.Contains('/', StringComparison.Ordinal) && after.Contains('/', StringComparison.Ordinal) => connection.AskAsync(
                    result, terminal, PathOf(after, result.GetValue(instance)).With("with", before).ToString(), ExplainJson.Default.Explanation, text.Write, cancellationToken),
                [_, _] => throw new UsageException("two actions are written with their sizes: HASH/SIZE HASH/SIZE"),
                _ => throw new UsageException("write a build or an action, two actions, or --execution-log EARLIER LATER"),
            };
        });
        return command;
    }

    private static ApiPath PathOf(string action, string? instance)
    {
        string[] parts = action.Split(':', 2);
        return new ApiPath($"api/v1/actions/{parts[^1]}/explanation").With("instance", instance).With("digestFunction", parts.Length == 2 ? parts[0] : null);
    }

    private static async Task<int> CompareLogsAsync(string earlier, string later, bool json, Terminal terminal, CancellationToken cancellationToken)
    {
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("remoteexec-explain-");
        try
        {
            await using FileStream before = File.OpenRead(earlier), after = File.OpenRead(later);
            BuildCauses? causes = await ExecutionLogs.CompareAsync(before, after, scratch.FullName, TimeProvider.System, cancellationToken);
            if (json)
                terminal.WriteLine(JsonSerializer.Serialize(causes ?? new BuildCauses("later", 0, 0, []), ExplainJson.Default.BuildCauses));
            else if (causes is null)
                terminal.WriteLine("the later build ran nothing that the earlier one had not", Tone.Good);
            else
                new ExplainText(terminal).Write(causes);
            return ExitCode.Ok;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new StartupException(exception.Message, exception);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    [GeneratedRegex("^(?:[a-z0-9]+:)?[0-9a-f]{32,128}(?:/[0-9]+)?$")]
    private static partial Regex Hash();
}
