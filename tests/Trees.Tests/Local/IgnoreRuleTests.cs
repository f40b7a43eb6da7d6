using System.Diagnostics;
using RemoteExec.Trees.Local;

namespace RemoteExec.Trees.Tests.Local;

public sealed class IgnoreRuleTests
{
    private static readonly string[] pieces = ["*", "**", "?", "a", "b", "ab", "/", "[ab]", "[!a]", "[a-b]", "\\*", ".", "a*", "*b"];
    private static readonly string[] names = ["a", "b", "ab", "ba", "aab", "*", ".", "..a", "a.b", "[ab]"];

    [Fact]
    public async Task Rules_mean_what_they_mean_to_git()
    {
        Requires.Program("git", "git");
        Chance chance = Chance.Create();
        using var directory = new TemporaryDirectory();
        await RunAsync(directory.FullPath, "", "init", "-q");
        for (int number = 0; number < 60 * Chance.Effort; number++)
        {
            Random random = chance.ForCase(number).Random;
            string[] lines = [.. Enumerable.Range(0, 3).Select(_ => NewLine(random))];
            string[] paths = [.. Enumerable.Range(0, 60).Select(_ => NewPath(random)).Where(path => !path.Split('/').Any(name => name is "." or "..")).Distinct()];
            File.WriteAllLines(directory[".gitignore"], lines);

            string[] ignored = (await RunAsync(directory.FullPath, string.Join('\0', paths), "check-ignore", "--no-index", "-z", "--stdin")).Split('\0', StringSplitOptions.RemoveEmptyEntries);

            IgnoreRules rules = IgnoreRules.Of(null, "", lines);
            Assert.True(ignored.Order().SequenceEqual(paths.Where(path => IsIgnored(rules, path)).Order()),
                $"{string.Join(" | ", lines)}: git {string.Join(" ", ignored.Order())}, ours {string.Join(" ", paths.Where(path => IsIgnored(rules, path)).Order())}; {chance.ForCase(number)}");
        }
    }

    [Theory]
    [InlineData("# comment", "# comment", false)]
    [InlineData("\\#a", "#a", true)]
    [InlineData("\\!a", "!a", true)]
    [InlineData("a  ", "a", true)]
    [InlineData("a\\ ", "a ", true)]
    [InlineData("a\r", "a", true)]
    [InlineData("", "a", false)]
    [InlineData("/", "a", false)]
    [InlineData("[", "[", true)]
    [InlineData("[]", "[]", true)]
    [InlineData("[]]", "]", true)]
    [InlineData("[!]]", "a", true)]
    [InlineData("a[", "a[", true)]
    [InlineData("a**b", "axxb", true)]
    public void Odd_lines_are_understood(string line, string path, bool isIgnored) => Assert.Equal(isIgnored, IgnoreRules.Of(null, "", [line]).Decide(path, isDirectory: false) ?? false);

    [Fact]
    public void A_pattern_full_of_stars_takes_no_time_to_speak_of()
    {
        string pattern = string.Concat(Enumerable.Repeat("*a", 200)) + "b", segments = string.Concat(Enumerable.Repeat("**/a/", 200)) + "b";

        Assert.False(new GlobPattern(pattern, isAnchored: false).Matches(new string('a', 4000)));
        Assert.False(new GlobPattern(segments, isAnchored: true).Matches(string.Join('/', Enumerable.Repeat("a", 2000))));
    }

    // What is in a directory that is left out is never looked at.
    private static bool IsIgnored(IgnoreRules rules, string path)
    {
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (rules.Decide(path[..slash], isDirectory: true) ?? false)
                return true;
        }

        return rules.Decide(path, isDirectory: false) ?? false;
    }

    // Two stars that are no segment are one, says git's manual; git itself looks at them from where the pattern has its first wildcard, and takes some for more.
    private static string NewLine(Random random)
    {
        string line;
        do
            line = string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => pieces[random.Next(pieces.Length)]));
        while (line.Split('/').Any(segment => segment != "**" && segment.Contains("**", StringComparison.Ordinal)));
        return random.Next(5) == 0 ? "!" + line : line;
    }

    private static string NewPath(Random random) => string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => names[random.Next(names.Length)]));

    private static async Task<string> RunAsync(string directory, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = directory, RedirectStandardInput = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output;
    }
}
