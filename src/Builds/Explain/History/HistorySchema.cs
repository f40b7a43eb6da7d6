using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Explain.History;

/// <summary>
/// The tables of the history. A <em>line</em> is what one target makes as one output, build after build; its actions are those that made it. Hashes in it are 64 bits of SHA-256: two
/// that collide cost a wrong comparison, and nothing else.
/// </summary>
internal static class HistorySchema
{
    /// <summary>The tables.</summary>
    public static DatabaseSchema Tables { get; } = new("explain",
    [
        """
        CREATE TABLE lines (id INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE, family INTEGER NOT NULL, target TEXT NOT NULL, mnemonic TEXT NOT NULL, output TEXT NOT NULL);
        CREATE INDEX lines_family ON lines (family);
        CREATE TABLE invocations (id INTEGER PRIMARY KEY, instance TEXT NOT NULL, name TEXT NOT NULL, seen INTEGER NOT NULL, UNIQUE (name, instance));
        CREATE TABLE commands (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, message BLOB);
        CREATE TABLE actions (
          id INTEGER PRIMARY KEY, line INTEGER NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL, function INTEGER NOT NULL, invocation INTEGER NOT NULL, seen INTEGER NOT NULL,
          shape INTEGER NOT NULL, command INTEGER NOT NULL, root BLOB NOT NULL, root_size INTEGER NOT NULL, rest BLOB NOT NULL);
        CREATE UNIQUE INDEX actions_line ON actions (line, digest);
        CREATE INDEX actions_digest ON actions (digest);
        CREATE INDEX actions_shape ON actions (shape);
        CREATE INDEX actions_seen ON actions (seen);
        CREATE TABLE outputs (path INTEGER NOT NULL, line INTEGER NOT NULL, PRIMARY KEY (path, line)) WITHOUT ROWID;
        CREATE TABLE misses (
          id INTEGER PRIMARY KEY, invocation INTEGER NOT NULL, digest BLOB NOT NULL, line INTEGER, target TEXT NOT NULL, mnemonic TEXT NOT NULL, at INTEGER NOT NULL,
          duration INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, sentence TEXT NOT NULL, detail BLOB NOT NULL, UNIQUE (invocation, digest));
        CREATE INDEX misses_digest ON misses (digest);
        CREATE INDEX misses_line ON misses (invocation, line);
        CREATE INDEX misses_at ON misses (at);
        """,
    ]);
}
