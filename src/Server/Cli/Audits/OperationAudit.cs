using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Audits;
using RemoteExec.Protocol.Operators;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Cli.Audits;

/// <summary>Finds the audit of an operation, and reads it from a server.</summary>
internal static class OperationAudit
{
    private const string Collection = "operations/";
    private const int MaxReportBytes = 64 * 1024 * 1024;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);

    /// <summary>True for what looks like the name of an operation; no digest does.</summary>
    public static bool IsName(string text) => text.Contains(Collection, StringComparison.Ordinal);

    /// <summary>The digest of an operation's report; null if it has none.</summary>
    public static Digest? ReportOf(OperationInfo operation)
    {
        int end = operation.Name.LastIndexOf(Collection, StringComparison.Ordinal);
        string instance = end > 0 ? operation.Name[..(end - 1)] : "";
        return InstanceName.TryParse(instance, out InstanceName name, out _) ? DigestArgument.Parse(name, operation.Audit) : null;
    }

    /// <summary>Reads a report; null if the server has it no more.</summary>
    /// <exception cref="StartupException">It can't be read; the message tells what to change.</exception>
    public static async Task<AuditReport?> ReadAsync(RpcChannel channel, Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            byte[]? content = await new RemoteStore(channel, patience, TimeProvider.System).ReadAllAsync(digest, MaxReportBytes, cancellationToken);
            return content is null ? null : AuditReport.Parser.ParseFrom(content);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new StartupException($"{digest.ToArgument()} is no report of an audit", exception);
        }
        catch (StoreUnavailableException exception)
        {
            throw new StartupException($"{exception.Message}; name the gRPC address of a server that runs with --server", exception);
        }
        catch (CasException exception)
        {
            throw new StartupException(exception.Message, exception);
        }
    }
}
