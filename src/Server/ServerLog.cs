using Microsoft.Extensions.Logging;

namespace RemoteExec.Server;

internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Warning, "{File} was changed, and can't be used as it is now: {Problem}. What it said before still holds")]
    public static partial void ChangeNotTaken(ILogger logger, string file, string problem);

    [LoggerMessage(2, LogLevel.Warning, "The records of builds in {Path} can't be opened: what builds do is not written down until the server is started again")]
    public static partial void RecordsNotOpened(ILogger logger, Exception exception, string path);

    [LoggerMessage(3, LogLevel.Information, "The archive {Name} was broken off while it was sent: {Problem}")]
    public static partial void ArchiveBrokenOff(ILogger logger, string name, string problem);

    [LoggerMessage(4, LogLevel.Warning, "When tokens were last used can't be written to {File}: {Problem}")]
    public static partial void UsesNotWritten(ILogger logger, string file, string problem);

    [LoggerMessage(5, LogLevel.Error, "The audit log {File} can't be written: {Problem}. What happens meanwhile is not in it")]
    public static partial void AuditNotWritten(ILogger logger, string file, string problem);

    [LoggerMessage(6, LogLevel.Warning, "The keys of token issuer {Issuer} can't be fetched: {Problem}. Those fetched before hold for a time (auth.jwt staleFor)")]
    public static partial void KeysNotFetched(ILogger logger, string issuer, string problem);

    [LoggerMessage(7, LogLevel.Information, "The keys of token issuer {Issuer} were fetched again")]
    public static partial void KeysFetchedAgain(ILogger logger, string issuer);

    [LoggerMessage(8, LogLevel.Error, "The Redis of references is away: {Problem}. Nobody can use references until it is back")]
    public static partial void ReferencesAway(ILogger logger, string problem);

    [LoggerMessage(9, LogLevel.Information, "The Redis of references is there")]
    public static partial void ReferencesBack(ILogger logger);
}
