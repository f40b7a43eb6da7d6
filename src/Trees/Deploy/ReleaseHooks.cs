using System.Diagnostics;

namespace RemoteExec.Trees.Deploy;

/// <summary>Commands of the user's that are run as releases change, each by a shell in the directory of the release that is to be in service, or is. What they print goes to standard error.</summary>
/// <param name="Pre">Run before a release is put into service; null for none.</param>
/// <param name="Post">Run after that; null for none.</param>
public sealed record ReleaseHooks(string? Pre, string? Post)
{
    /// <summary>Runs one.</summary>
    /// <param name="command">The command; null for none.</param>
    /// <param name="directory">Where the releases are.</param>
    /// <param name="action">What is done: <c>deploy</c> or <c>rollback</c>.</param>
    /// <param name="release">The release that is to be in service, or is.</param>
    /// <param name="before">The one that was before; null for none.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <returns>Null if it did well, or else how it ended.</returns>
    internal static async Task<string?> RunAsync(string? command, DeployDirectory directory, string action, Release release, Release? before, CancellationToken cancellationToken)
    {
        if (command is null)
            return null;
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"exec </dev/null >&2\n{command}"]) { WorkingDirectory = directory.PathOf(release.Name) };
        start.Environment["REMOTEEXEC_ACTION"] = action;
        start.Environment["REMOTEEXEC_DEPLOY_DIR"] = directory.Path;
        start.Environment["REMOTEEXEC_RELEASE"] = directory.PathOf(release.Name);
        start.Environment["REMOTEEXEC_RELEASE_DIGEST"] = release.Root.ToArgument();
        start.Environment["REMOTEEXEC_RELEASE_REF"] = release.Reference ?? "";
        start.Environment["REMOTEEXEC_PREVIOUS"] = before is null ? "" : directory.PathOf(before.Name);
        start.Environment["REMOTEEXEC_PREVIOUS_DIGEST"] = before is null ? "" : before.Root.ToArgument();
        using Process process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }

        return process.ExitCode == 0 ? null : $"ended with {process.ExitCode}";
    }


}
