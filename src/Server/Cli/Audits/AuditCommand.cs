using System.CommandLine;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Audits;
using RemoteExec.Protocol.Operators;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli.Operators;

namespace RemoteExec.Server.Cli.Audits;

/// <summary><c>remoteexec audit</c>: what an action looked at, and whether it makes the same again.</summary>
internal static class AuditCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec audit operations/6f9c2a4e-0000-4000-8000-000000000000
        remoteexec audit 1b671a6440d5491e99b0da01ff1f33416f9c2a4e00004000800000000000000a/4711
        remoteexec audit blake3:9e2c…/4711 --all --server grpc://build-server:8980
        """;

    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var what = new Argument<string>("OPERATION") { Description = "the operation's name, as 'operations list --done' has it; or the report's digest, [FUNCTION:]HASH/SIZE, as the message of an action's result, or the worker's log, has it" };
        var instance = new Option<string>("--instance") { HelpName = "NAME", Description = "the instance of the report, if its digest is given [default: the one without a name]", DefaultValueFactory = _ => "" };
        var all = new Option<bool>("--all") { Description = "show every path; without it, long lists are cut off" };
        var json = new Option<bool>("--json") { Description = "print the report as JSON" };
        var command = new Command("audit", "Shows the audit of an action: what it looked at beside its inputs, and how a second run differed. Workers make audits with worker --audit, or for actions with the platform property audit=on.") { what, instance, all, json };
        ServerConnection connection = ServerConnection.OfClient(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            string text = result.GetValue(what)!;
            bool isOperation = OperationAudit.IsName(text);
            Digest? given = isOperation ? null : DigestArgument.Parse(DigestArgument.Instance(result.GetValue(instance)!), text);
            if (!isOperation && given is null)
                throw new UsageException($"'{text}' is neither the name of an operation, operations/…, nor a digest, HASH/SIZE");
            await using RpcChannel channel = connection.Open(result, NullLogger.Instance, TimeProvider.System);
            Digest digest = given ?? await FindAsync(channel, text, cancellationToken);
            AuditReport audit = await OperationAudit.ReadAsync(channel, digest, cancellationToken)
                ?? throw new StartupException($"the server has no blob {digest.ToArgument()} any more: build the action again{(isOperation ? "" : "; or name its --instance")}");
            if (result.GetValue(json))
                terminal.WriteLine(JsonFormatter.Default.Format(audit));
            else
                new AuditText(terminal, result.GetValue(all)).Write(audit);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<Digest> FindAsync(RpcChannel channel, string operation, CancellationToken cancellationToken)
    {
        try
        {
            OperationInfo info = await new OperatorClient(channel, patience).GetOperationAsync(new GetOperationRequest { Name = operation }, cancellationToken);
            return OperationAudit.ReportOf(info)
                ?? throw new StartupException(info.Outcome.Length == 0
                    ? $"{operation} is not done: its audit is there when it is"
                    : $"{operation} was not audited: run its action with the platform property audit=on, or its worker with --audit");
        }
        catch (OperatorCallException exception)
        {
            throw new StartupException(OperatorFlags.Explain(exception, channel.Address), exception);
        }
    }
}
