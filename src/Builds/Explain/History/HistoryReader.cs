using Google.Protobuf;
using Microsoft.Data.Sqlite;
using RemoteExec.Builds.Storage;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain.History;

/// <summary>Finds actions of the past. Not thread-safe, as the connection is not.</summary>
/// <param name="statements">Those of any connection to the file.</param>
internal sealed class HistoryReader(Statements statements)
{
    private const string Columns =
        "SELECT a.digest, a.size, a.function, a.line, a.invocation, a.seen, a.root, a.root_size, a.rest, c.digest, c.message, i.instance FROM actions a JOIN commands c ON c.id = a.command JOIN invocations i ON i.id = a.invocation ";

    /// <summary>The latest actions of a line.</summary>
    public IReadOnlyList<KnownAction> OfLine(LineKey key, int most) =>
        Read("JOIN lines l ON l.id = a.line WHERE l.key = $key ORDER BY a.seen DESC, a.id DESC LIMIT $most", ("$key", key.Key), ("$most", most));

    /// <summary>The latest actions that make the same in another configuration, without those of a build: it may make both.</summary>
    public IReadOnlyList<KnownAction> OfFamily(LineKey key, long otherThanInvocation, int most) => Read(
        "JOIN lines l ON l.id = a.line WHERE l.family = $family AND NOT EXISTS (SELECT 1 FROM actions b WHERE b.line = a.line AND b.invocation = $other) ORDER BY a.seen DESC, a.id DESC LIMIT $most",
        ("$family", key.Family), ("$other", otherThanInvocation), ("$most", most));

    /// <summary>The latest actions that differ in nothing but the names of outputs, without those of a build.</summary>
    public IReadOnlyList<KnownAction> OfShape(LineKey key, long otherThanInvocation, int most) => Read(
        "WHERE a.shape = $shape AND a.invocation <> $other ORDER BY a.seen DESC, a.id DESC LIMIT $most", ("$shape", key.Shape), ("$other", otherThanInvocation), ("$most", most));

    /// <summary>An action by its digest; null if the history does not have it.</summary>
    public KnownAction? Find(Digest digest) =>
        Read("WHERE a.digest = $digest AND i.instance = $instance ORDER BY a.seen DESC LIMIT 1", ("$digest", digest.HashSpan.ToArray()), ("$instance", digest.Instance.Value)) is [var known, ..]
            && known.Digest == digest
            ? known
            : null;

    /// <summary>What an action makes; null if the history does not have it.</summary>
    public long? LineOf(Digest digest) => statements.ReadValue(
        "SELECT a.line FROM actions a JOIN invocations i ON i.id = a.invocation WHERE a.digest = $digest AND i.instance = $instance ORDER BY a.seen DESC LIMIT 1",
        ("$digest", digest.HashSpan.ToArray()), ("$instance", digest.Instance.Value)) as long?;

    /// <summary>The lines that make an output.</summary>
    public IReadOnlyList<long> Makers(InstanceName instance, string path) =>
        statements.Read("SELECT line FROM outputs WHERE path = $path", static row => row.GetInt64(0), ("$path", LineKey.HashOfPath(instance, path)));

    /// <summary>What a build is called by its client; empty if it is not known.</summary>
    public string NameOf(long invocation) => statements.ReadValue("SELECT name FROM invocations WHERE id = $id", ("$id", invocation)) as string ?? "";

    private List<KnownAction> Read(string condition, params ReadOnlySpan<(string Name, object? Value)> parameters) => statements.Read(Columns + condition, Read, parameters);

    private static KnownAction Read(SqliteDataReader row)
    {
        InstanceName instance = InstanceName.Parse(row.GetString(11));
        var function = (DigestFunction)row.GetInt32(2);
        Digest digest = Digest.Create(instance, function, row.GetFieldValue<byte[]>(0), row.GetInt64(1));
        Digest root = Digest.Create(instance, function, row.GetFieldValue<byte[]>(6), row.GetInt64(7));
        Reapi.Action action = Reapi.Action.Parser.ParseFrom(row.GetFieldValue<byte[]>(8));
        action.InputRootDigest = root.ToProto();
        action.CommandDigest = Reapi.Digest.Parser.ParseFrom(row.GetFieldValue<byte[]>(9));
        Reapi.Command? command = row.IsDBNull(10) ? null : Reapi.Command.Parser.ParseFrom(Packed.Decompress(row.GetFieldValue<byte[]>(10)));
        return new KnownAction(digest, row.GetInt64(3), row.GetInt64(4), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)), new ActionContent(digest, action, command));
    }
}
