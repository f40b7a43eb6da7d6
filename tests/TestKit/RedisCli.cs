using System.Globalization;

namespace RemoteExec.TestKit;

/// <summary>Redis's own command line.</summary>
public static class RedisCli
{
    /// <summary>What it prints for a command.</summary>
    public static async Task<string> AskAsync(int port, params string[] command)
    {
        await using ChildProcess cli = ChildProcess.Start("redis-cli", ["-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), .. command]);
        int code = await cli.WaitForExitAsync();
        Assert.True(code == 0, cli.Output);
        return cli.Output;
    }

    /// <summary>How often a server has run a command, as it counts itself.</summary>
    public static async Task<long> CountAsync(int port, string command)
    {
        string stats = await AskAsync(port, "info", "commandstats");
        string start = $"cmdstat_{command}:calls=";
        string? line = stats.Split('\n').FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[start.Length..line.IndexOf(',')], CultureInfo.InvariantCulture);
    }
}
