using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol.Provenances;

namespace RemoteExec.Server.Cli.Provenance;

/// <summary>A statement as people read it.</summary>
/// <param name="terminal">Where to.</param>
internal sealed class StatementText(Terminal terminal)
{
    private const string Unknown = "(not told)";

    /// <summary>Writes a statement that was verified.</summary>
    public void Write(Statement statement, string key)
    {
        terminal.WriteLine([new Cell("verified", Tone.Good), $": action {statement.Action.Hash}/{statement.Action.SizeBytes}{(statement.InstanceName.Length > 0 ? $" in instance '{statement.InstanceName}'" : "")}"]);
        Write("asked for by", statement.Caller.Length == 0 ? "(callers are not told apart)" : $"{statement.Caller} ({statement.CallerMethod})");
        Write("says he is", Join(statement.Tool, Named("build", statement.Invocation), statement.Target, statement.Mnemonic));
        Write("ran on", Join(Named("worker", statement.Worker), Named("machine", statement.Host), Named("sandbox", statement.Sandbox)));
        Write("queued", Format(statement.Queued));
        Write("ran from", $"{Format(statement.Started)} to {Format(statement.Completed)}");
        Write("signed", Format(statement.Signed));
        Write("with key", key);
    }

    private void Write(string what, string value) => terminal.WriteLine([new Cell($"  {what,-14}", Tone.Faint), value]);

    private static string Named(string what, string value) => value.Length == 0 ? "" : $"{what} {value}";

    private static string Join(params string[] parts) => parts.Where(part => part.Length > 0).ToArray() is { Length: > 0 } told ? string.Join(", ", told) : Unknown;

    private static string Format(Timestamp? time) =>
        time is null ? Unknown : time.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
