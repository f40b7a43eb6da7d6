using Microsoft.Data.Sqlite;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.References.Stores;

/// <summary>References in a file of SQLite, of one server. What was acknowledged is on the disk.</summary>
public sealed class DatabaseReferenceStore : IReferenceStore, IDisposable
{
    private const long Layout = 1;
    private readonly SqliteConnection connection;
    private readonly SemaphoreSlim turn = new(1, 1); // the connection is one caller's at a time

    private DatabaseReferenceStore(SqliteConnection connection) => this.connection = connection;

    /// <summary>Opens the file, or makes it.</summary>
    /// <exception cref="IOException">It can't be used: the message says why.</exception>
    public static DatabaseReferenceStore Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false, DefaultTimeout = 5 }.ToString());
        var store = new DatabaseReferenceStore(connection);
        try
        {
            connection.Open();
            store.Prepare(path);
            return store;
        }
        catch (Exception exception) when (exception is SqliteException or IOException)
        {
            store.Dispose();
            throw exception as IOException ?? new IOException($"{path} can't be used: {exception.Message}", exception);
        }
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
            using SqliteCommand command = Command("SELECT DISTINCT instance FROM reference");
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
        connection.Dispose();
        turn.Dispose();
    }

    private void Prepare(string path)
    {
        Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        using SqliteCommand ask = Command("PRAGMA user_version");
        long layout = (long)ask.ExecuteScalar()!;
        if (layout > Layout)
            throw new IOException($"{path} was written by a later version of this program, which this one can't read: start that one");
        Execute(
            $"""
            CREATE TABLE IF NOT EXISTS reference (instance TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (instance, name)) WITHOUT ROWID;
            PRAGMA user_version = {Layout};
            """);
    }

    private List<ReferenceRecord> Read(InstanceName instance, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using SqliteCommand command = Command(sql, [("$instance", instance.Value), .. parameters]);
        using SqliteDataReader reader = command.ExecuteReader();
        List<ReferenceRecord> records = [];
        while (reader.Read())
            records.Add(ReferenceCodec.Decode(instance, reader.GetFieldValue<byte[]>(0)));
        return records;
    }

    private int Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using SqliteCommand command = Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
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
        catch (Exception exception) when (exception is SqliteException or InvalidDataException)
        {
            throw new StoreUnavailableException("references", exception);
        }
        finally
        {
            turn.Release();
        }
    }
}
