using System.Globalization;
using Microsoft.Data.Sqlite;

namespace RemoteExec.Builds.Storage;

/// <summary>Brings a file to the schemas that this version knows. All of it happens, or nothing.</summary>
internal static class DatabaseUpgrade
{
    /// <exception cref="UnknownSchemaException">A later version has written the file.</exception>
    public static void Run(SqliteConnection connection, IReadOnlyList<DatabaseSchema> schemas)
    {
        using var transaction = WriteTransaction.Begin(connection);
        connection.Execute("CREATE TABLE IF NOT EXISTS schemas (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID");
        foreach (DatabaseSchema schema in schemas)
            Run(connection, schema);
        transaction.Commit();
    }

    private static void Run(SqliteConnection connection, DatabaseSchema schema)
    {
        int version = Version(connection, schema.Name);
        if (version > schema.Steps.Count)
            throw new UnknownSchemaException(schema.Name, version, schema.Steps.Count);
        foreach (string step in schema.Steps.Skip(version))
            connection.Execute(step);
        connection.Execute("INSERT INTO schemas (name, version) VALUES ($name, $version) ON CONFLICT (name) DO UPDATE SET version = excluded.version",
            ("$name", schema.Name), ("$version", schema.Steps.Count));
    }

    private static int Version(SqliteConnection connection, string name)
    {
        using SqliteCommand command = connection.CreateCommand("SELECT version FROM schemas WHERE name = $name", ("$name", name));
        return Convert.ToInt32(command.ExecuteScalar() ?? 0, CultureInfo.InvariantCulture);
    }
}
