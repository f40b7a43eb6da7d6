using System.Text.RegularExpressions;
using RemoteExec.TestKit;

namespace RemoteExec.Architecture.Tests;

/// <summary>docs/operations.md explains what the log says to somebody who may have to act.</summary>
public sealed partial class LogTests
{
    private static readonly string[] messages =
        [.. SourceFile.Below("src").SelectMany(source => Message().Matches(source.Text)).Select(match => match.Groups["text"].Value)];

    // A cell may name several messages; "…" stands for what differs from time to time.
    private static readonly Regex[] explained = [.. File.ReadLines(Repository.Path("docs", "operations.md"))
        .SkipWhile(line => line != "| message | what to do |").Skip(2).TakeWhile(line => line.StartsWith('|'))
        .SelectMany(line => line.Split('|')[1].Split(','))
        .Select(message => new Regex(string.Join(".*", message.Trim().Split('…').Select(part => Regex.Escape(part.Trim())))))];

    [Fact]
    public void Every_warning_and_error_is_explained()
    {
        Assert.NotEmpty(messages);
        Assert.All(messages, message => Assert.Contains(explained, pattern => pattern.IsMatch(message)));
    }

    [Fact]
    public void Nothing_is_explained_that_the_log_does_not_say() =>
        Assert.All(explained, pattern => Assert.Contains(messages, pattern.IsMatch));

    [GeneratedRegex("""\[LoggerMessage\(\d+, LogLevel\.(?:Warning|Error|Critical), "(?<text>[^"]*)"\)\]""")]
    private static partial Regex Message();
}
