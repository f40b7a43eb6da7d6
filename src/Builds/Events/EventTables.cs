using Microsoft.Data.Sqlite;
using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Events;

/// <summary>The tables of what clients tell of their builds. They stand beside those of builds: what is told of a build goes when the build goes.</summary>
internal static class EventTables
{
    /// <summary>The schema.</summary>
    public static DatabaseSchema Schema { get; } = new("events",
    [
        """
        CREATE TABLE event_streams (
            build TEXT NOT NULL, invocation TEXT NOT NULL, component INTEGER NOT NULL, last INTEGER NOT NULL, opened INTEGER NOT NULL, finished INTEGER NOT NULL, seen INTEGER NOT NULL,
            PRIMARY KEY (build, invocation, component)) WITHOUT ROWID;
        CREATE INDEX event_streams_by_seen ON event_streams (seen);
        CREATE INDEX event_streams_by_invocation ON event_streams (invocation);
        CREATE TABLE reports (
            id INTEGER PRIMARY KEY, invocation TEXT NOT NULL UNIQUE, project TEXT NOT NULL, seen INTEGER NOT NULL, silence INTEGER, ended INTEGER NOT NULL DEFAULT 0, malformed INTEGER NOT NULL DEFAULT 0,
            keywords TEXT NOT NULL DEFAULT '', command TEXT NOT NULL DEFAULT '', user TEXT NOT NULL DEFAULT '', host TEXT NOT NULL DEFAULT '', workspace TEXT NOT NULL DEFAULT '',
            patterns TEXT NOT NULL DEFAULT '', problem TEXT NOT NULL DEFAULT '', started INTEGER, finished INTEGER, exit_code INTEGER, exit_name TEXT NOT NULL DEFAULT '', result INTEGER,
            wall_ms INTEGER, critical_path_ms INTEGER, targets INTEGER NOT NULL DEFAULT 0, tests INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, cut INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE report_targets (
            report INTEGER NOT NULL, label TEXT NOT NULL, kind TEXT NOT NULL DEFAULT '', status INTEGER NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT '', PRIMARY KEY (report, label)) WITHOUT ROWID;
        CREATE INDEX report_targets_failed ON report_targets (report) WHERE status = 4;
        CREATE TABLE report_tests (
            report INTEGER NOT NULL, label TEXT NOT NULL, status INTEGER NOT NULL, summed INTEGER NOT NULL DEFAULT 0, runs INTEGER NOT NULL DEFAULT 0, shards INTEGER NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0, results INTEGER NOT NULL DEFAULT 0, cached_locally INTEGER NOT NULL DEFAULT 0, cached_remotely INTEGER NOT NULL DEFAULT 0,
            took_ms INTEGER NOT NULL DEFAULT 0, log TEXT NOT NULL DEFAULT '', PRIMARY KEY (report, label)) WITHOUT ROWID;
        CREATE INDEX report_tests_failed ON report_tests (report) WHERE status > 2;
        CREATE TABLE report_failures (
            report INTEGER NOT NULL, label TEXT NOT NULL, mnemonic TEXT NOT NULL, exit_code INTEGER NOT NULL, output TEXT NOT NULL, stdout TEXT NOT NULL, stderr TEXT NOT NULL);
        CREATE INDEX report_failures_by_report ON report_failures (report);
        CREATE TRIGGER report_goes AFTER DELETE ON builds WHEN OLD.invocation <> '' AND NOT EXISTS (SELECT 1 FROM builds WHERE invocation = OLD.invocation)
        BEGIN
            DELETE FROM report_targets WHERE report IN (SELECT id FROM reports WHERE invocation = OLD.invocation);
            DELETE FROM report_tests WHERE report IN (SELECT id FROM reports WHERE invocation = OLD.invocation);
            DELETE FROM report_failures WHERE report IN (SELECT id FROM reports WHERE invocation = OLD.invocation);
            DELETE FROM reports WHERE invocation = OLD.invocation;
            DELETE FROM event_streams WHERE invocation = OLD.invocation;
        END;
        """,
        "ALTER TABLE reports ADD COLUMN left_at INTEGER",
    ]);

    /// <summary>Nobody tells of any build yet; whoever did has to come again.</summary>
    public static void Begin(SqliteConnection connection) =>
        connection.Execute("UPDATE reports SET left_at = seen WHERE left_at IS NULL AND ended = 0 AND exit_code IS NULL AND result IS NULL");
}
