using System.CommandLine;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol;
using RemoteExec.Protocol.References;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.References;

/// <summary><c>remoteexec refs</c>: names for what is in the CAS.</summary>
internal static class RefsCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec refs list releases/
        remoteexec refs set releases/app@1.4.2 nightly --note https://ci.example/builds/815
        remoteexec refs set scratch/ann HASH/SIZE --expires 7d
        remoteexec refs set releases/app releases/app@1.4.1 --expect 7     nobody else has moved it meanwhile
        remoteexec refs log releases/app
        remoteexec refs delete releases/app@1.3.0
        """;

    private static readonly JsonFormatter formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new("refs", "Names for directories and blobs of the CAS, which are kept as long as something names them.")
    {
        CreateList(terminal),
        CreateSet(terminal),
        CreateLog(terminal),
        CreateDelete(terminal),
    };

    /// <summary>What a reference names, as it is written on a command line.</summary>
    public static string TargetOf(Reference reference)
    {
        Build.Bazel.Remote.Execution.V2.Digest digest = reference.Target.Directory ?? reference.Target.Blob;
        return $"{((DigestFunction)reference.Target.DigestFunction).Name()}:{digest.Hash}/{digest.SizeBytes}";
    }

    private static Command CreateList(Terminal terminal)
    {
        var prefix = new Argument<string>("PREFIX") { Description = "how the names begin [default: all]", DefaultValueFactory = _ => "" };
        var command = new Command("list", "Lists references.") { prefix };
        var flags = new TreeFlags(command);
        command.SetAction(result => flags.ConnectAsync(result, async (server, cancellationToken) =>
        {
            var all = new ListReferencesResponse();
            all.References.Add(await server.References.ListAsync(result.GetValue(prefix)!, cancellationToken));
            if (flags.WantsJson(result))
                terminal.WriteLine(formatter.Format(all));
            else if (all.References.Count == 0)
                terminal.WriteLine("there is none: 'remoteexec push DIR --ref NAME' makes one", Tone.Faint);
            else
                Show(all.References, withNames: true, terminal);
        }));
        return command;
    }

    private static Command CreateLog(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "the reference" };
        var command = new Command("log", "Shows what a reference has named, the latest first.") { name };
        var flags = new TreeFlags(command);
        command.SetAction(result => flags.ConnectAsync(result, async (server, cancellationToken) =>
        {
            ListHistoryResponse history = await server.References.ListHistoryAsync(result.GetValue(name)!, cancellationToken);
            if (flags.WantsJson(result))
                terminal.WriteLine(formatter.Format(history));
            else
                Show(history.References, withNames: false, terminal);
        }));
        return command;
    }

    private static Command CreateSet(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "the reference: a head, NAME, which can be moved, or a tag, NAME@REVISION, which can't" };
        var target = new Argument<string>("DIGEST|REF[:PATH]") { Description = TreeArgument.Help };
        var expect = new Option<long?>("--expect") { HelpName = "VERSION", Description = "change nothing unless the reference is at this version; 0: unless there is none" };
        var expires = new Option<string?>("--expires") { HelpName = "TIME", Description = "how long it is to live, for example 30d [default: until it is deleted]" };
        var note = new Option<string?>("--note") { HelpName = "TEXT", Description = "a word about it: a revision, the URL of a build" };
        var blob = new Option<bool>("--blob") { Description = "the digest is that of a blob, and of no directory" };
        var command = new Command("set", "Makes a reference, or moves a head.") { name, target, expect, expires, note, blob };
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            TreeArgument argument = flags.ArgumentOf(result, result.GetValue(target)!);
            if (result.GetValue(blob) && (argument.Digest is null || argument.Path.Length > 0))
                throw new UsageException("--blob: write the digest of the blob, HASH/SIZE");
            if (result.GetValue(expect) < 0)
                throw new UsageException("--expect: can't be negative");
            var request = new SetReferenceRequest { Name = result.GetValue(name)!, Note = result.GetValue(note) ?? "", TimeToLive = LifeOf(result.GetValue(expires)) };
            if (result.GetValue(expect) is { } expected)
                request.ExpectedVersion = expected;
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                request.Target = result.GetValue(blob) ? ToBlob(argument.Digest!.Value) : ToTarget(await server.FindAsync(argument, cancellationToken));
                Reference made = await server.References.SetAsync(request, cancellationToken);
                if (flags.WantsJson(result))
                    terminal.WriteLine(formatter.Format(made));
                else
                    terminal.WriteLine($"{made.Name} = {TargetOf(made)} (version {made.Version})", Tone.Good);
            });
        });
        return command;
    }

    private static Command CreateDelete(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "the reference" };
        var expect = new Option<long?>("--expect") { HelpName = "VERSION", Description = "delete nothing unless the reference is at this version" };
        var command = new Command("delete", "Deletes a reference: what it names is not kept for it any more.") { name, expect };
        var flags = new TreeFlags(command);
        command.SetAction(result => flags.ConnectAsync(result, async (server, cancellationToken) =>
        {
            string which = result.GetValue(name)!;
            await server.References.DeleteAsync(which, result.GetValue(expect), cancellationToken);
            terminal.WriteLine(flags.WantsJson(result) ? formatter.Format(new DeleteReferenceResponse()) : $"{which} is deleted", flags.WantsJson(result) ? Tone.Plain : Tone.Good);
        }));
        return command;
    }

    private static void Show(IEnumerable<Reference> references, bool withNames, Terminal terminal)
    {
        var table = new Table(withNames ? "NAME" : ">VERSION", "SET", "EXPIRES", "BY", "WHAT", "NOTE");
        foreach (Reference reference in references)
        {
            table.Add(
                withNames ? new Cell(reference.Name, Tone.Strong) : new Cell(reference.Version.ToString(CultureInfo.InvariantCulture), Tone.Strong),
                Time(reference.Updated), reference.Expires is null ? "-" : Time(reference.Expires), reference.UpdatedBy.Length == 0 ? "-" : reference.UpdatedBy, TargetOf(reference), reference.Note);
        }

        table.Write(terminal);
    }

    private static Target ToTarget(RemoteExec.Trees.Stored.StoredNode node) => node switch
    {
        { Directory: { } directory } => new Target { Directory = directory.ToProto(), DigestFunction = FunctionOf(directory) },
        { File: { } file } => ToBlob(file),
        _ => throw new UsageException($"'{node.Path}' is a symlink: name what it leads to"),
    };

    private static Target ToBlob(Digest digest) => new() { Blob = digest.ToProto(), DigestFunction = FunctionOf(digest) };

    private static Build.Bazel.Remote.Execution.V2.DigestFunction.Types.Value FunctionOf(Digest digest) => (Build.Bazel.Remote.Execution.V2.DigestFunction.Types.Value)digest.Function;

    private static Google.Protobuf.WellKnownTypes.Duration? LifeOf(string? text)
    {
        if (text is null)
            return null;
        if (!Configuration.Duration.TryParse(text, out TimeSpan time, out string? error))
            throw new UsageException($"--expires: {error}");
        return time > TimeSpan.Zero ? time.ToDuration() : throw new UsageException("--expires: must be positive");
    }

    private static string Time(Timestamp time) => time.ToDateTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
