namespace RemoteExec.EndToEnd.Tests.Telemetry;

/// <summary>The dashboard is one as Grafana's own types describe it.</summary>
public sealed class DashboardTypeTests
{
    [Fact]
    public async Task The_dashboard_is_what_Grafana_takes_for_one_and_what_is_wrong_would_be_found()
    {
        Requires.Program("npm", "npm");
        using var directory = new TemporaryDirectory();
        string here = Repository.Path("tests", "EndToEnd.Tests", "Telemetry", "DashboardTypes");
        foreach (string name in (string[])["package.json", "package-lock.json", "tsconfig.json"])
            File.Copy(Path.Combine(here, name), directory[name]);
        await Npm.InstallAsync(directory.FullPath);
        string dashboard = File.ReadAllText(Repository.Path("deploy", "grafana", "remoteexec.json"));

        Assert.Equal("", await CheckAsync(directory, dashboard));
        foreach ((string right, string wrong) in ((string, string)[])[("\"h\": 4", "\"h\": \"4\""), ("\"graphTooltip\": ", "\"graphTooltip\": 9"), ("\"gridPos\"", "\"gridPosition\""), ("\"uid\": \"${datasource}\"", "\"id\": 1")])
            Assert.Contains("error TS", await CheckAsync(directory, Replace(dashboard, right, wrong)), StringComparison.Ordinal);
    }

    private static async Task<string> CheckAsync(TemporaryDirectory directory, string dashboard)
    {
        File.WriteAllText(directory["dashboard.ts"], $"import type {{ Dashboard }} from '@grafana/schema';\n\nexport const dashboard: Partial<Dashboard> = {dashboard};\n");
        (int exitCode, string output) = await Npm.RunScriptAsync(directory.FullPath, "check");
        return exitCode == 0 ? "" : output;
    }

    private static string Replace(string text, string right, string wrong)
    {
        int at = text.IndexOf(right, StringComparison.Ordinal);
        Assert.True(at >= 0, $"the dashboard has no {right}");
        return text[..at] + wrong + text[(at + right.Length)..];
    }
}
