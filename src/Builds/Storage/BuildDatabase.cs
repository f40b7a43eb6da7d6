using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace RemoteExec.Builds.Storage;

/// <summary>
/// The file that says what builds did. It is the truth of nothing: one that can't be used is set aside with a warning, and another begun. One thread at a
/// time writes; readers have connections of their own, and see what was committed.
/// </summary>
public sealed class BuildDatabase : IDisposable
{
    private const string SetAsideSuffix = ".damaged";
    private const int ErrorCode = 1; // a table is missing, or has other columns
    private const int CorruptCode = 11;
    private const int TooBigCode = 18; // as damaged lengths are found to be
    private const int NotADatabaseCode = 26;

    private readonly string path;
    private readonly IReadOnlyList<DatabaseSchema> schemas;
    private readonly ILogger logger;
    private readonly DatabasePages pages;
    private SqliteConnection? writer;
    private Statements? statements;

    private BuildDatabase(string path, IReadOnlyList<DatabaseSchema> schemas, DatabasePages pages, ILogger logger)
    {
        this.path = path;
        this.schemas = schemas;
        this.pages = pages;
        this.logger = logger;
    }

    /// <summary>Whoever uses <see cref="Writer"/>, or begins the file anew, has entered this.</summary>
    public SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>How often the file was begun anew: what is remembered of it does not hold once this has changed.</summary>
    public int Generation { get; private set; }

    /// <summary>The one connection that writes. Another takes its place when the file is begun anew: don't keep it, nor commands made of it.</summary>
    /// <exception cref="SqliteException">The file can't be opened.</exception>
    public SqliteConnection Writer => writer ??= OpenWriter();

    /// <summary>The statements of <see cref="Writer"/>, of which the same holds.</summary>
    internal Statements Statements => statements ??= new Statements(Writer);

    /// <summary>Opens the file, or makes it.</summary>
    /// <param name="path">Where it lies; its directory is made if need be.</param>
    /// <param name="schemas">What it has to have in it.</param>
    /// <param name="logger">Told of a file that was set aside.</param>
    /// <exception cref="SqliteException">It can neither be opened nor made: the disk is full, or may not be written.</exception>
    public static BuildDatabase Open(string path, IReadOnlyList<DatabaseSchema> schemas, ILogger logger) => Open(path, schemas, DatabasePages.Long, logger);

    /// <summary>The same, with other pages; a file that is there keeps those that it has.</summary>
    internal static BuildDatabase Open(string path, IReadOnlyList<DatabaseSchema> schemas, DatabasePages pages, ILogger logger)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var database = new BuildDatabase(path, schemas, pages, logger);
        _ = database.Writer;
        return database;
    }

    /// <summary>Whether an error says that the file is no good, other than a disk that is full or away.</summary>
    public static bool IsDamage(SqliteException error) => error.SqliteErrorCode is CorruptCode or TooBigCode or NotADatabaseCode;

    /// <summary>A connection that only reads. The caller disposes of it.</summary>
    public SqliteConnection OpenReader() => Connect(SqliteOpenMode.ReadOnly);

    /// <summary>Sets the file aside, as it was found to be damaged; the next use of <see cref="Writer"/> begins another.</summary>
    public void BeginAnew(Exception damage)
    {
        Close();
        SetAside(damage);
        Generation++;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        Turn.Dispose();
    }

    private void Close()
    {
        statements?.Dispose();
        writer?.Dispose();
        (statements, writer) = (null, null);
    }

    private SqliteConnection OpenWriter()
    {
        try
        {
            return Prepare();
        }
        catch (Exception damage) when (damage is UnknownSchemaException || (damage is SqliteException error && (IsDamage(error) || error.SqliteErrorCode == ErrorCode)))
        {
            SetAside(damage);
            return Prepare();
        }
    }

    private SqliteConnection Prepare()
    {
        SqliteConnection connection = Connect(SqliteOpenMode.ReadWriteCreate);
        try
        {
            // The first two have to be known before the first table is made.
            connection.Execute($"PRAGMA page_size = {pages.Bytes}; PRAGMA cache_size = {-pages.CacheBytes / 1024}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 8388608;");
            DatabaseUpgrade.Run(connection, schemas);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private SqliteConnection Connect(SqliteOpenMode mode)
    {
        // A pooled connection would keep a file open that was set aside.
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Only the last one is kept, so that no disk fills with them.</summary>
    private void SetAside(Exception damage)
    {
        BuildsLog.DatabaseSetAside(logger, damage, path, path + SetAsideSuffix);
        File.Move(path, path + SetAsideSuffix, overwrite: true);
        File.Delete(path + "-wal");
        File.Delete(path + "-shm");
    }
}
