using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Tests.Storage;

/// <summary>What is written goes on being written after the disk was full.</summary>
public sealed class WriteTransactionTests
{
    private const int FullCode = 13;

    [Fact]
    public void After_a_full_disk_has_ended_one_another_can_begin()
    {
        using var directory = new TemporaryDirectory();
        using BuildDatabase database = BuildDatabase.Open(directory["file"], [new DatabaseSchema("test", ["CREATE TABLE numbers (number INTEGER, filler BLOB)"])], NullLogger.Instance);
        SqliteConnection connection = database.Writer;
        long pages = connection.ReadLong("PRAGMA page_count");
        connection.Execute($"PRAGMA max_page_count = {pages}"); // as a full disk does

        SqliteException full = Assert.Throws<SqliteException>(() => Write(connection, 1, 1_000_000));
        connection.Execute($"PRAGMA max_page_count = {pages + 1000}");
        Write(connection, 2, 10);

        Assert.Equal(FullCode, full.SqliteErrorCode);
        Assert.Equal(2, connection.ReadLong("SELECT sum(number) FROM numbers"));
    }

    private static void Write(SqliteConnection connection, int number, int bytes)
    {
        using var transaction = WriteTransaction.Begin(connection);
        connection.Execute("INSERT INTO numbers VALUES ($number, zeroblob($bytes))", ("$number", number), ("$bytes", bytes));
        transaction.Commit();
    }
}
