using RemoteExec.Builds.Records;
using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Events;

/// <summary>Keeps what events tell of builds as a whole, each under what the build calls itself. For the one who writes.</summary>
internal sealed class ReportTable(EventLimits limits)
{
    private readonly Dictionary<string, OpenReport> open = new(StringComparer.Ordinal); // of this transaction
    private readonly TargetTable targets = new(limits);

    /// <summary>Keeps what an event tells.</summary>
    public void Take(Statements statements, StreamEvent told, long now)
    {
        if (told.Stream.Invocation.Length == 0)
            return; // nobody could say later what it was of
        OpenReport report = Open(statements, told, now);
        if (told.Sequence == 1 && told.Keywords.Length > 0)
            statements.Execute("UPDATE reports SET keywords = $keywords WHERE id = $id", ("$keywords", told.Keywords), ("$id", report.Id));
        if (told.Timeout is { } silence)
            statements.Execute("UPDATE reports SET silence = $silence WHERE id = $id", ("$silence", (long)silence.TotalMilliseconds), ("$id", report.Id));
        if (told.IsMalformed)
            statements.Execute("UPDATE reports SET malformed = malformed + 1 WHERE id = $id", ("$id", report.Id));
        if (told.Kind == StreamEventKind.ToolFinished)
            statements.Execute("UPDATE reports SET ended = 1 WHERE id = $id", ("$id", report.Id));
        if (told.Fact is { } fact)
            Write(statements, report, fact);
    }

    /// <summary>Nobody tells of a build any more, unless he comes again.</summary>
    public static void Leave(Statements statements, EventStreamId stream, long now) =>
        statements.Execute("UPDATE reports SET left_at = $now WHERE invocation = $invocation", ("$now", now), ("$invocation", stream.Invocation));

    /// <summary>To be called at the end of each transaction, whatever came of it: rows may go between two.</summary>
    public void Forget() => open.Clear();

    private OpenReport Open(Statements statements, StreamEvent told, long now)
    {
        string invocation = told.Stream.Invocation;
        if (open.TryGetValue(invocation, out OpenReport? report))
            return report;
        report = statements.Read(
            "INSERT INTO reports (invocation, project, seen) VALUES ($invocation, $project, $now) ON CONFLICT (invocation) DO UPDATE SET seen = max(seen, excluded.seen), left_at = NULL RETURNING id, targets, tests, failures",
            row => new OpenReport(row.GetInt64(0)) { Targets = row.GetInt64(1), Tests = row.GetInt64(2), Failures = row.GetInt64(3) },
            ("$invocation", invocation), ("$project", told.Project), ("$now", now)).Single();
        open.Add(invocation, report);
        KeepBuild(statements, told, now);
        return report;
    }

    // There is a build even if none of its calls came here. Once one has come, that one counts.
    private static void KeepBuild(Statements statements, StreamEvent told, long now)
    {
        var name = new BuildName(told.Project, told.Stream.Invocation, "", 0);
        statements.Execute(
            """
            INSERT OR IGNORE INTO builds (key, instance, invocation, tool, tool_version, correlated, began, seen, calls, asked, chunks, bytes)
            SELECT $key, $instance, $invocation, '', '', '', $now, $now, 0, 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM builds WHERE invocation = $invocation)
            """,
            ("$key", name.ToKey()), ("$instance", name.Instance), ("$invocation", name.Invocation), ("$now", now));
        statements.Execute("UPDATE builds SET seen = max(seen, $now) WHERE invocation = $invocation AND calls = 0", ("$now", now), ("$invocation", name.Invocation));
    }

    private void Write(Statements statements, OpenReport report, BuildFact fact)
    {
        switch (fact)
        {
            case BuildFact.Started started:
                statements.Execute(
                    """
                    UPDATE reports SET command = $command, workspace = $workspace, started = $at, user = CASE WHEN $user = '' THEN user ELSE $user END, host = CASE WHEN $host = '' THEN host ELSE $host END
                    WHERE id = $id
                    """,
                    ("$command", started.Command), ("$workspace", started.Workspace), ("$at", started.At), ("$user", started.User), ("$host", started.Host), ("$id", report.Id));
                statements.Execute(
                    "UPDATE builds SET tool = 'bazel', tool_version = $version WHERE calls = 0 AND invocation = (SELECT invocation FROM reports WHERE id = $id)",
                    ("$version", started.Version), ("$id", report.Id));
                break;
            case BuildFact.Placed placed:
                statements.Execute(
                    "UPDATE reports SET user = CASE WHEN $user = '' THEN user ELSE $user END, host = CASE WHEN $host = '' THEN host ELSE $host END WHERE id = $id",
                    ("$user", placed.User), ("$host", placed.Host), ("$id", report.Id));
                break;
            case BuildFact.Asked asked:
                statements.Execute("UPDATE reports SET patterns = $patterns WHERE id = $id AND patterns = ''", ("$patterns", asked.Patterns), ("$id", report.Id));
                break;
            case BuildFact.Hindered hindered:
                statements.Execute("UPDATE reports SET problem = $problem WHERE id = $id AND problem = ''", ("$problem", hindered.Problem), ("$id", report.Id));
                break;
            case BuildFact.Measured measured:
                statements.Execute(
                    "UPDATE reports SET wall_ms = $wall, critical_path_ms = $path WHERE id = $id", ("$wall", measured.Wall), ("$path", measured.CriticalPath), ("$id", report.Id));
                break;
            case BuildFact.Finished finished:
                statements.Execute(
                    "UPDATE reports SET exit_code = $code, exit_name = $name, finished = $at WHERE id = $id",
                    ("$code", finished.ExitCode), ("$name", finished.ExitName), ("$at", finished.At), ("$id", report.Id));
                break;
            case BuildFact.Concluded concluded:
                statements.Execute("UPDATE reports SET result = $result WHERE id = $id", ("$result", concluded.Result), ("$id", report.Id));
                break;
            default:
                targets.Write(statements, report, fact);
                break;
        }
    }
}
