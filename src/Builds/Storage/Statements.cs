using System.Globalization;
using Microsoft.Data.Sqlite;

namespace RemoteExec.Builds.Storage;

/// <summary>
/// The statements of a connection, each prepared when it is used first and used again afterwards: to understand a short one takes longer than to do it. There are as many as there are texts, which
/// are to be constant. Not thread-safe, as the connection is not.
/// </summary>
/// <param name="connection">The connection, which is left open.</param>
internal sealed class Statements(SqliteConnection connection) : IDisposable
{
    private readonly Dictionary<string, SqliteCommand> prepared = [];

    /// <summary>Runs a statement, or several. Returns how many rows were changed; null stands for NULL in parameters, which have to be the same for the same text.</summary>
    /// <exception cref="SqliteException">The file can't be used, or is damaged.</exception>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) => Prepare(sql, parameters).ExecuteNonQuery();

    /// <summary>Reads one value; null if there is no row.</summary>
    /// <exception cref="SqliteException">As above.</exception>
    public object? ReadValue(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) => Prepare(sql, parameters).ExecuteScalar();

    /// <summary>Reads one number.</summary>
    /// <exception cref="SqliteException">As above.</exception>
    public long ReadLong(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) => Convert.ToInt64(ReadValue(sql, parameters), CultureInfo.InvariantCulture);

    /// <summary>Reads rows.</summary>
    /// <exception cref="SqliteException">As above.</exception>
    public List<T> Read<T>(string sql, Func<SqliteDataReader, T> toItem, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteDataReader rows = Prepare(sql, parameters).ExecuteReader();
        List<T> items = [];
        while (rows.Read())
            items.Add(toItem(rows));
        return items;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SqliteCommand command in prepared.Values)
            command.Dispose();
        prepared.Clear();
    }

    private SqliteCommand Prepare(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (!prepared.TryGetValue(sql, out SqliteCommand? command))
            return prepared[sql] = connection.CreateCommand(sql, parameters);
        for (int i = 0; i < parameters.Length; i++)
            command.Parameters[i].Value = parameters[i].Value ?? DBNull.Value;
        return command;
    }
}
