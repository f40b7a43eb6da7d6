using System.Globalization;
using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>How a run of Bazel ended and what it printed.</summary>
internal sealed partial record BazelRun(int ExitCode, string Output)
{
    /// <summary>How many actions were done in which way, by Bazel's last "INFO: N processes" line, without its internal ones.</summary>
    public IReadOnlyDictionary<string, int> Processes
    {
        get
        {
            Match match = Summary().Matches(Output).LastOrDefault() ?? throw new InvalidOperationException($"no process summary in:\n{Output}");
            return match.Groups["kinds"].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries)
                .Select(part => part.Split(' ', 2))
                .Where(part => part[1] != "internal")
                .ToDictionary(part => part[1], part => int.Parse(part[0], NumberStyles.AllowThousands, CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Asserts that the run was a success.</summary>
    public BazelRun Succeeded()
    {
        Assert.True(ExitCode == 0, $"bazel ended with {ExitCode}:\n{Output}");
        return this;
    }

    /// <summary>Asserts that every action was done in one way, and at least <paramref name="atLeast"/> were.</summary>
    public BazelRun DidAllBy(string kind, int atLeast = 1)
    {
        Assert.True(Processes.Keys.All(key => key == kind) && Processes.GetValueOrDefault(kind) >= atLeast, $"not all of at least {atLeast} actions were '{kind}':\n{Output}");
        return this;
    }

    [GeneratedRegex(@"^INFO: [\d,]+ process(es)?: (?<kinds>[^.]*)\.", RegexOptions.Multiline)]
    private static partial Regex Summary();
}
