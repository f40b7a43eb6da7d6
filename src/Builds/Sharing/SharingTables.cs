using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Sharing;

/// <summary>What a file has to know to be shared: who it is, what it has told and not yet sent, and how far it has heard others. Times are milliseconds since 1970.</summary>
internal static class SharingTables
{
    /// <summary>The schema.</summary>
    public static DatabaseSchema Schema { get; } = new("sharing",
    [
        """
        CREATE TABLE sharing_self (id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL, sequence INTEGER NOT NULL, sent INTEGER NOT NULL, generation TEXT NOT NULL, position TEXT NOT NULL);
        CREATE TABLE sharing_heard (origin TEXT PRIMARY KEY, sequence INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE sharing_outbox (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, bytes INTEGER NOT NULL, message BLOB NOT NULL);
        """,
    ]);
}
