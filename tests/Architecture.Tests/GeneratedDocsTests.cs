using RemoteExec.Architecture.Tests.Rules;
using RemoteExec.Server.Configuration;
using RemoteExec.TestKit;

namespace RemoteExec.Architecture.Tests;

/// <summary>The documents that are made out of the sources are those of the sources as they stand. <c>./dev docs</c> makes them anew.</summary>
public sealed class GeneratedDocsTests
{
    [Fact]
    public void The_reference_of_settings_is_up_to_date() => Compare(ConfigReference.ToMarkdown(), "docs", "config.md");

    [Fact]
    public void The_table_of_conformance_is_up_to_date() => Compare(
        ConformanceDocument.Write(Rule.ReadAll(File.ReadLines(Repository.Path("eng", "rules.txt"))), Citation.FindAll()), "docs", "conformance.md");

    private static void Compare(string expected, params string[] path)
    {
        string file = Repository.Path(path);
        if (Environment.GetEnvironmentVariable("REMOTEEXEC_WRITE_DOCS") == "1")
            File.WriteAllText(file, expected);
        Assert.True(File.Exists(file) && File.ReadAllText(file) == expected, $"{string.Join('/', path)} is not up to date: run ./dev docs");
    }
}
