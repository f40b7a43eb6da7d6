using System.CommandLine;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.ActionCache;
using RemoteExec.ActionCache.Stores;
using RemoteExec.Cas;
using RemoteExec.Execution.Provenance;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Cli.Provenance;

/// <summary><c>remoteexec verify-result</c>: whether a cached result is what a server has signed.</summary>
internal static class VerifyResultCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec verify-result 1b671a6440d5491e99b0da01ff1f33416f9c2a4e00004000800000000000000a/142 --key provenance.pub
        remoteexec verify-result blake3:9e2c…/142 --key provenance.pub --server grpcs://build-server:8980 --json
        """;

    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var what = new Argument<string>("ACTION") { Description = "the action's digest, [FUNCTION:]HASH/SIZE" };
        var key = new Option<string>("--key") { HelpName = "FILE", Required = true, Description = "PEM file with the public key of the server's execution.provenance.keyFile, or with several, of which one is enough" };
        var instance = new Option<string>("--instance") { HelpName = "NAME", Description = "the action's instance [default: the one without a name]", DefaultValueFactory = _ => "" };
        var json = new Option<bool>("--json") { Description = "print what was signed as JSON" };
        var command = new Command(
            "verify-result", $"Fetches the cached result of an action, and tells whether it is what the scheduler has signed: by whom it was asked for, where and when it was made. Ends with {ExitCode.NotVerified} if it is not, or is not signed.")
        {
            what, key, instance, json,
        };
        ServerConnection connection = ServerConnection.OfClient(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            string text = result.GetValue(what)!;
            Digest action = DigestArgument.Parse(DigestArgument.Instance(result.GetValue(instance)!), text) ?? throw new UsageException($"'{text}' is no digest, HASH/SIZE");
            using ProvenanceVerifier verifier = ReadKeys(result.GetValue(key)!);
            await using RpcChannel channel = connection.Open(result, NullLogger.Instance, TimeProvider.System);
            Reapi.ActionResult found = await FindAsync(channel, action, cancellationToken);
            return Tell(verifier.Verify(found, action), result.GetValue(json), terminal);
        });
        return command;
    }

    private static int Tell(ProvenanceVerdict verdict, bool wantsJson, Terminal terminal)
    {
        switch (verdict)
        {
            case ProvenanceVerdict.Good good when wantsJson:
                terminal.WriteLine(JsonFormatter.Default.Format(good.Statement));
                return ExitCode.Ok;
            case ProvenanceVerdict.Good good:
                new StatementText(terminal).Write(good.Statement, good.Key);
                return ExitCode.Ok;
            case ProvenanceVerdict.Bad bad:
                terminal.WriteError(new Cell(bad.Reason).Text);
                return ExitCode.NotVerified;
            default:
                terminal.WriteError("the result is not signed: a client has uploaded it, or the server that executed the action had no execution.provenance.keyFile");
                return ExitCode.NotVerified;
        }
    }

    private static ProvenanceVerifier ReadKeys(string file)
    {
        try
        {
            return ProvenanceVerifier.Parse(File.ReadAllText(file));
        }
        catch (FormatException exception)
        {
            throw new StartupException($"--key {file}: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"--key {file}: {IoReason.OfReading(file, exception)}", exception);
        }
    }

    private static async Task<Reapi.ActionResult> FindAsync(RpcChannel channel, Digest action, CancellationToken cancellationToken)
    {
        try
        {
            return await new ActionCacheStore(new RemoteResultStore(channel, patience, TimeProvider.System)).GetAsync(action, cancellationToken)
                ?? throw new StartupException($"the server has no result of action {action.ToArgument()} (any more){(action.Instance.IsEmpty ? "; name its --instance if it has one" : $" in instance '{action.Instance}'")}");
        }
        catch (StoreUnavailableException exception)
        {
            throw new StartupException($"{exception.Message}; name the gRPC address of a server that runs with --server, and show it a token with --token-file if it asks for one", exception);
        }
        catch (CasException exception)
        {
            throw new StartupException(exception.Message, exception);
        }
    }
}
