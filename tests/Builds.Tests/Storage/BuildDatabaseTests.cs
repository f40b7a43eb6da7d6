using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Tests.Storage;

public sealed class BuildDatabaseTests : IDisposable
{
    private static readonly DatabaseSchema first = new("things", ["CREATE TABLE things (name TEXT)"]);
    private static readonly DatabaseSchema second = new("things", [.. first.Steps, "ALTER TABLE things ADD COLUMN weight INTEGER NOT NULL DEFAULT 7"]);

    private readonly TemporaryDirectory directory = new();
    private readonly RecordingLogger logger = new();

    private string FilePath => directory["builds", "builds.db"];

    public void Dispose() => directory.Dispose();

    [Fact]
    public void What_was_committed_is_there_after_a_restart()
    {
        using (BuildDatabase database = Open(first))
            database.Writer.Execute("INSERT INTO things (name) VALUES ($name)", ("$name", "hammer"));

        using BuildDatabase again = Open(first);

        Assert.Equal("hammer", Read(again, "SELECT name FROM things"));
    }

    [Fact]
    public void A_reader_does_not_see_what_is_not_committed()
    {
        using BuildDatabase database = Open(first);
        using SqliteTransaction transaction = database.Writer.BeginTransaction();
        database.Writer.Execute("INSERT INTO things (name) VALUES ('saw')");

        Assert.Equal(0L, Read(database, "SELECT count(*) FROM things"));

        transaction.Commit();
        Assert.Equal(1L, Read(database, "SELECT count(*) FROM things"));
    }

    [Fact]
    public void Tables_of_an_earlier_version_are_brought_up_to_date()
    {
        using (BuildDatabase database = Open(first))
            database.Writer.Execute("INSERT INTO things (name) VALUES ('hammer')");

        using BuildDatabase again = Open(second);

        Assert.Equal(7L, Read(again, "SELECT weight FROM things WHERE name = 'hammer'"));
        Assert.Empty(logger.Entries);
    }

    [Fact]
    public void A_feature_is_added_to_a_file_that_has_others()
    {
        using (BuildDatabase database = Open(first))
            database.Writer.Execute("INSERT INTO things (name) VALUES ('hammer')");

        using BuildDatabase again = BuildDatabase.Open(FilePath, [first, new DatabaseSchema("colours", ["CREATE TABLE colours (name TEXT)"])], logger);

        Assert.Equal("hammer", Read(again, "SELECT name FROM things"));
        Assert.Equal(0L, Read(again, "SELECT count(*) FROM colours"));
    }

    [Fact]
    public void A_file_of_a_later_version_is_set_aside()
    {
        using (Open(second)) { }

        using BuildDatabase again = Open(first);

        Assert.Equal(0L, Read(again, "SELECT count(*) FROM things"));
        AssertSetAside();
    }

    [Fact]
    public void A_file_that_is_no_database_is_set_aside()
    {
        Directory.CreateDirectory(directory["builds"]);
        File.WriteAllText(FilePath, new string('x', 10_000));

        using BuildDatabase database = Open(first);

        Assert.Equal(0L, Read(database, "SELECT count(*) FROM things"));
        Assert.StartsWith("xxx", File.ReadAllText(FilePath + ".damaged"), StringComparison.Ordinal);
        AssertSetAside();
    }

    [Fact]
    public void A_file_that_is_found_damaged_later_is_begun_anew()
    {
        using BuildDatabase database = Open(first);
        database.Writer.Execute("INSERT INTO things (name) VALUES ('hammer')");

        database.BeginAnew(new InvalidDataException("pages are missing"));
        database.Writer.Execute("INSERT INTO things (name) VALUES ('saw')");

        Assert.Equal("saw", Read(database, "SELECT name FROM things"));
        AssertSetAside();
    }

    private BuildDatabase Open(DatabaseSchema schema) => BuildDatabase.Open(FilePath, [schema], logger);

    private void AssertSetAside()
    {
        Assert.True(File.Exists(FilePath + ".damaged"));
        Assert.Contains("can't be used", Assert.Single(logger.Entries, entry => entry.Level == LogLevel.Warning).Text, StringComparison.Ordinal);
    }

    private static object? Read(BuildDatabase database, string sql)
    {
        using SqliteConnection reader = database.OpenReader();
        using SqliteCommand command = reader.CreateCommand(sql);
        return command.ExecuteScalar();
    }
}
