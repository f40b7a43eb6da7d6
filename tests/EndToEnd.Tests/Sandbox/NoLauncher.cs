namespace RemoteExec.EndToEnd.Tests.Sandbox;

/// <summary>The program as it is built where there is no C compiler.</summary>
internal static class NoLauncher
{
    /// <summary>Copies it into an empty directory, without the launcher, for all to run.</summary>
    /// <returns>The program.</returns>
    public static async Task<string> CopyAsync(string directory)
    {
        await using ChildProcess copy = ChildProcess.Start("cp", ["-r", $"{Path.GetDirectoryName(ServerProcess.Program)}/.", directory]);
        Assert.True(await copy.WaitForExitAsync() == 0, copy.Errors);
        File.Delete(Path.Combine(directory, "remoteexec-launcher"));
        File.SetUnixFileMode(directory, (UnixFileMode)0x1ED); // 0755
        return Path.Combine(directory, "remoteexec");
    }
}
