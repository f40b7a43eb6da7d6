using RemoteExec.Native;
using RemoteExec.Worker.Outputs;

namespace RemoteExec.Worker.Services;

/// <summary>Makes the result of an action out of what its command has left.</summary>
internal static class ResultCollector
{
    /// <summary>
    /// Takes in standard output and error and, unless the command was stopped, its outputs. What is to be said beside that goes into the response: as its status if there can be no good
    /// result, else as its message.
    /// </summary>
    public static async Task<Reapi.ActionResult> CollectAsync(FinishedRun ended, ActionLogs logs, CancellationToken cancellationToken)
    {
        Reapi.ExecuteResponse response = ended.Run.Response;
        var result = new Reapi.ActionResult { ExitCode = ended.Outcome.ExitCode };
        response.Message += CommandEnd.Explain(ended.Outcome);
        result.StdoutDigest = await AddAsync(logs.Stdout, ended.Blobs, response, cancellationToken);
        result.StderrDigest = await AddAsync(logs.Stderr, ended.Blobs, response, cancellationToken);
        if (ended.Outcome.TimedOut)
            response.Status = ActionErrors.TimedOut(ended.Run.Lease.Timeout);
        else if (ended.Outcome.TooMuchDisk is { } what)
            response.Status = ActionErrors.TooMuchDisk(what);
        else if (ended.Outcome.Root is not null)
            NoteProblems(await ended.Collector().CollectAsync(result, cancellationToken), ended.Outcome.ExitCode, response);

        return result;
    }

    // A command that failed has told what is wrong: its result is worth more than a complaint about its outputs.
    private static void NoteProblems(IReadOnlyList<string> problems, int exitCode, Reapi.ExecuteResponse response)
    {
        if (problems.Count == 0)
            return;
        string text = string.Join('\n', problems);
        if (exitCode == 0)
            response.Status = ActionErrors.BadOutputs(text);
        else
            response.Message += text;
    }

    private static async Task<Reapi.Digest?> AddAsync(ActionLog log, OutputBlobs blobs, Reapi.ExecuteResponse response, CancellationToken cancellationToken)
    {
        if (FileStatus.Of(log.Path) is not { Length: > 0 } status)
            return null;
        if (log.IsCut)
            response.Message += $"{log.Name} is longer than {log.MaxBytes} bytes; only the first {log.MaxBytes} are kept\n";
        return (await blobs.AddFileAsync(log.Path, status, cancellationToken, log.MaxBytes)).ToProto();
    }
}
