using Microsoft.Data.Sqlite;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.References.Stores;

/// <summary>References in a file of SQLite, of one server. What was acknowledged is on the disk.</summary>
public sealed class DatabaseReferenceStore : IReferenceStore, IDisposable
{
    private const long Layout = 1;
    private const int ReadOrWriteFailed = 10, DiskFull = 13; // of SQLite
    private readonly string path;
    private readonly SemaphoreSlim turn = new(1, 1); // the connection is one caller's at a time
    private SqliteConnection? opened;

    private DatabaseReferenceStore(string path) => this.path = path;

    private SqliteConnection Connection => opened ??= Connect();

    /// <summary>Opens the file if it is there; if not, it is made when it is needed. A disk that is full, or fails, is tried again at each use.</summary>
    /// <exception cref="IOException">The file is no good, or may not be used: the message says why.</exception>
    public static DatabaseReferenceStore Open(string path)
    {
        var store = new DatabaseReferenceStore(path);
        try
        {
            if (File.Exists(path))
                store.opened = store.Connect();
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode is not (ReadOrWriteFailed or DiskFull))
        {
            throw new IOException($"{path} can't be used: {exception.Message}", exception);
        }
        catch (SqliteException)
        {
            // Whoever uses it is told.
        }

        return store;
    }

    /// <inheritdoc/>
    public Task<ReferenceRecord?> FindAsync(InstanceName instance, ReferenceName name, CancellationToken cancellationToken) => RunAsync(
        () => Read(instance, "SELECT value FROM reference WHERE instance = $instance AND name = $name", ("$name", name.Value)).SingleOrDefault(), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReferenceRecord>> ListAsync(InstanceName instance, string prefix, string after, int count, CancellationToken cancellationToken) => RunAsync<IReadOnlyList<ReferenceRecord>>(
        () => Read(
            instance, "SELECT value FROM reference WHERE instance = $instance AND name > $after AND name >= $prefix AND substr(name, 1, length($prefix)) = $prefix ORDER BY name LIMIT $count",
            ("$after", after), ("$prefix", prefix), ("$count", count)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ReplaceAsync(InstanceName instance, ReferenceRecord record, long expectedVersion, CancellationToken cancellationToken) => RunAsync(
        () => Execute(
            expectedVersion == 0
                ? "INSERT INTO reference (instance, name, version, value) VALUES ($instance, $name, $version, $value) ON CONFLICT DO NOTHING"
                : "UPDATE reference SET version = $version, value = $value WHERE instance = $instance AND name = $name AND version = $expected",
            ("$instance", instance.Value), ("$name", record.Name.Value), ("$version", record.Version), ("$value", ReferenceCodec.Encode(record)), ("$expected", expectedVersion)) == 1,
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveAsync(InstanceName instance, ReferenceName name, long expectedVersion, CancellationToken cancellationToken) => RunAsync(
        () => Execute(
            "DELETE FROM reference WHERE instance = $instance AND name = $name AND version = $expected", ("$instance", instance.Value), ("$name", name.Value), ("$expected", expectedVersion)) == 1,
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<InstanceName>> InstancesAsync(CancellationToken cancellationToken) => RunAsync<IReadOnlyList<InstanceName>>(
        () =>
        {
            using SqliteCommand command = Command(Connection, "SELECT DISTINCT instance FROM reference");
            using SqliteDataReader reader = command.ExecuteReader();
            List<InstanceName> instances = [];
            while (reader.Read())
                instances.Add(InstanceName.Parse(reader.GetString(0)));
            return instances;
        },
        cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        opened?.Dispose();
        turn.Dispose();
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            connection.Open();
            Prepare(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Prepare(SqliteConnection connection)
    {
        using SqliteCommand begin = Command(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        begin.ExecuteNonQuery();
        using SqliteCommand ask = Command(connection, "PRAGMA user_version");
        long layout = (long)ask.ExecuteScalar()!;
        if (layout > Layout)
            throw new IOException($"{path} was written by a later version of this program, which this one can't read: start that one");
        using SqliteCommand make = Command(
            connection,
            $"""
            CREATE TABLE IF NOT EXISTS reference (instance TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (instance, name)) WITHOUT ROWID;
            PRAGMA user_version = {Layout};
            """);
        make.ExecuteNonQuery();
    }

    private List<ReferenceRecord> Read(InstanceName instance, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using SqliteCommand command = Command(Connection, sql, [("$instance", instance.Value), .. parameters]);
        using SqliteDataReader reader = command.ExecuteReader();
        List<ReferenceRecord> records = [];
        while (reader.Read())
            records.Add(ReferenceCodec.Decode(instance, reader.GetFieldValue<byte[]>(0)));
        return records;
    }

    private int Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using SqliteCommand command = Command(Connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters)
            command.Parameters.AddWithValue(name, value);
        return command;
    }

    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            return work();
        }
        catch (Exception exception) when (exception is SqliteException or InvalidDataException or IOException)
        {
            throw new StoreUnavailableException("references", exception);
        }
        finally
        {
            turn.Release();
        }
    }
}
