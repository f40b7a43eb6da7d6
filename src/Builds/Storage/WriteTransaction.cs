using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace RemoteExec.Builds.Storage;

/// <summary>
/// A transaction that is undone unless it is committed. SQLite ends one by itself when the disk is full, which the library's own does not expect: its connection could not begin another after that.
/// </summary>
internal sealed class WriteTransaction : IDisposable
{
    private readonly SqliteConnection connection;

    private WriteTransaction(SqliteConnection connection) => this.connection = connection;

    /// <summary>Begins one; it takes the file for itself with the first change.</summary>
    /// <exception cref="SqliteException">The file can't be used.</exception>
    public static WriteTransaction Begin(SqliteConnection connection)
    {
        connection.Execute("BEGIN");
        return new WriteTransaction(connection);
    }

    /// <summary>Makes what was changed lasting.</summary>
    /// <exception cref="SqliteException">The disk is full, or fails.</exception>
    public void Commit() => connection.Execute("COMMIT");

    /// <inheritdoc/>
    public void Dispose()
    {
        if (connection.Handle is { } handle && raw.sqlite3_get_autocommit(handle) == 0)
            connection.Execute("ROLLBACK");
    }
}
