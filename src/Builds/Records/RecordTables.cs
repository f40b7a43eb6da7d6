using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Records;

/// <summary>The tables of builds. Times are milliseconds since 1970, hours are since then too.</summary>
internal static class RecordTables
{
    private static readonly string sums = string.Join(", ", SumTable.Columns.Select(column => $"{column} INTEGER NOT NULL DEFAULT 0"));

    /// <summary>The schema.</summary>
    public static DatabaseSchema Schema { get; } = new("records",
    [
        $"""
        CREATE TABLE builds (
            key INTEGER PRIMARY KEY, instance TEXT NOT NULL, invocation TEXT NOT NULL, tool TEXT NOT NULL, tool_version TEXT NOT NULL, correlated TEXT NOT NULL,
            began INTEGER NOT NULL, seen INTEGER NOT NULL, calls INTEGER NOT NULL, asked INTEGER NOT NULL, chunks INTEGER NOT NULL, bytes INTEGER NOT NULL, {sums});
        CREATE INDEX builds_by_begin ON builds (began, key);
        CREATE INDEX builds_by_seen ON builds (seen);
        CREATE INDEX builds_by_invocation ON builds (invocation);
        CREATE TABLE build_actions (build INTEGER NOT NULL, chunk INTEGER NOT NULL, actions BLOB NOT NULL);
        CREATE UNIQUE INDEX build_actions_by_build ON build_actions (build, chunk);
        CREATE TABLE build_hours (hour INTEGER NOT NULL, instance TEXT NOT NULL, tool TEXT NOT NULL, {sums}, PRIMARY KEY (hour, instance, tool)) WITHOUT ROWID;
        """,
    ]);
}
