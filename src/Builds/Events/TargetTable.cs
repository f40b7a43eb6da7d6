using System.Diagnostics;
using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Events;

/// <summary>Keeps what events tell of targets, tests and failed actions, so many of each. For the one who writes.</summary>
internal sealed class TargetTable(EventLimits limits)
{
    /// <summary>Keeps a fact about one of them.</summary>
    public void Write(Statements statements, OpenReport report, BuildFact fact)
    {
        switch (fact)
        {
            case BuildFact.TargetKnown target:
                if (AddTarget(statements, report, target.Label))
                    statements.Execute("UPDATE report_targets SET kind = $kind WHERE report = $report AND label = $label", ("$kind", target.Kind), ("$report", report.Id), ("$label", target.Label));
                break;
            case BuildFact.TargetEnded target:
                if (AddTarget(statements, report, target.Label))
                    statements.Execute(
                        """
                        UPDATE report_targets SET status = max(status, $status), problem = CASE WHEN $problem = '' THEN problem ELSE $problem END WHERE report = $report AND label = $label
                        """,
                        ("$status", (int)target.Status), ("$problem", target.Problem), ("$report", report.Id), ("$label", target.Label));
                break;
            case BuildFact.TestRan test:
                if (AddTest(statements, report, test.Label))
                    WriteRun(statements, report, test);
                break;
            case BuildFact.TestEnded test:
                if (AddTest(statements, report, test.Label))
                    statements.Execute(
                        """
                        UPDATE report_tests SET status = $status, summed = 1, runs = max(runs, $runs), shards = max(shards, $shards), attempts = max(attempts, $attempts)
                        WHERE report = $report AND label = $label
                        """,
                        ("$status", (int)test.Status), ("$runs", test.Runs), ("$shards", test.Shards), ("$attempts", test.Attempts), ("$report", report.Id), ("$label", test.Label));
                break;
            case BuildFact.ActionFailed action:
                AddFailure(statements, report, action);
                break;
            default:
                throw new UnreachableException($"nobody keeps {fact}");
        }
    }

    // What comes of a test as a whole is told at its end; until then the last run is what is known.
    private static void WriteRun(Statements statements, OpenReport report, BuildFact.TestRan test) => statements.Execute(
        """
        UPDATE report_tests SET
            status = CASE WHEN summed THEN status ELSE $status END, runs = max(runs, $run), shards = max(shards, $shard), attempts = max(attempts, $attempt), results = results + 1,
            cached_locally = cached_locally + $locally, cached_remotely = cached_remotely + $remotely, took_ms = took_ms + $took,
            log = CASE WHEN $log = '' OR ($status = 1 AND log <> '') THEN log ELSE $log END
        WHERE report = $report AND label = $label
        """,
        ("$status", (int)test.Status), ("$run", test.Run), ("$shard", test.Shard), ("$attempt", test.Attempt), ("$locally", test.IsCachedLocally), ("$remotely", test.IsCachedRemotely),
        ("$took", test.Took), ("$log", test.Log), ("$report", report.Id), ("$label", test.Label));

    private bool AddTarget(Statements statements, OpenReport report, string label)
    {
        if (!Add(statements, report, label, "report_targets (report, label) SELECT $report, $label", "report_targets", report.Targets, limits.Targets, out bool isNew))
            return false;
        if (isNew)
            statements.Execute("UPDATE reports SET targets = $count WHERE id = $report", ("$count", ++report.Targets), ("$report", report.Id));
        return true;
    }

    private bool AddTest(Statements statements, OpenReport report, string label)
    {
        if (!Add(statements, report, label, "report_tests (report, label, status) SELECT $report, $label, 0", "report_tests", report.Tests, limits.Tests, out bool isNew))
            return false;
        if (isNew)
            statements.Execute("UPDATE reports SET tests = $count WHERE id = $report", ("$count", ++report.Tests), ("$report", report.Id));
        return true;
    }

    // False for what is not kept, as there is enough of it.
    private static bool Add(Statements statements, OpenReport report, string label, string insert, string table, long count, int most, out bool isNew)
    {
        isNew = false;
        if (count < most)
        {
            isNew = statements.Execute($"INSERT OR IGNORE INTO {insert}", ("$report", report.Id), ("$label", label)) > 0;
            return true;
        }

        if (statements.ReadLong($"SELECT EXISTS (SELECT 1 FROM {table} WHERE report = $report AND label = $label)", ("$report", report.Id), ("$label", label)) == 1)
            return true;
        statements.Execute("UPDATE reports SET cut = 1 WHERE id = $report", ("$report", report.Id));
        return false;
    }

    private void AddFailure(Statements statements, OpenReport report, BuildFact.ActionFailed action)
    {
        if (report.Failures < limits.Failures)
        {
            statements.Execute(
                "INSERT INTO report_failures (report, label, mnemonic, exit_code, output, stdout, stderr) VALUES ($report, $label, $mnemonic, $code, $output, $stdout, $stderr)",
                ("$report", report.Id), ("$label", action.Label), ("$mnemonic", action.Mnemonic), ("$code", action.ExitCode), ("$output", action.Output), ("$stdout", action.Stdout), ("$stderr", action.Stderr));
        }

        statements.Execute("UPDATE reports SET failures = $count WHERE id = $report", ("$count", ++report.Failures), ("$report", report.Id));
    }
}
