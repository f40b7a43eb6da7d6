using System.Text.RegularExpressions;
using RemoteExec.TestKit;

namespace RemoteExec.Architecture.Tests;

/// <summary>What the documents name is there.</summary>
public sealed partial class DocumentTests
{
    private static readonly HashSet<string> types =
        [.. SourceFile.Below("src").Concat(SourceFile.Below("tests")).SelectMany(source => TypeDeclaration().Matches(source.Text)).Select(match => match.Groups["name"].Value)];

    public static TheoryData<string> Documents { get; } = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/api.md", "docs/assets.md", "docs/bench.md", "docs/cli.md", "docs/deployment.md", "docs/images.md", "docs/limits.md", "docs/metrics.md", "docs/operations.md", "docs/pypi.md", "docs/references.md", "docs/storage.md", "docs/worker.md"];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_path_that_a_document_names_exists(string document)
    {
        string folder = Path.GetDirectoryName(document)!;
        IEnumerable<string> missing = Code(document).Where(code => PathInRepository().IsMatch(code))
            .Concat(Link().Matches(Read(document)).Select(match => match.Groups["target"].Value).Where(target => !target.Contains("://", StringComparison.Ordinal)).Select(target => Path.Combine(folder, target)))
            .Where(path => !Path.Exists(Repository.Path(path)));

        Assert.Empty(missing);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_type_that_a_document_names_exists(string document)
    {
        string[] others = ["TimeProvider", "ValueTask", "Task", "DisposeAsync", "Store", "Service", "Options", "Tree" /* of the REAPI */];

        Assert.Empty(Code(document).Where(code => TypeName().IsMatch(code)).Except(types).Except(others));
    }

    [Fact]
    public void A_journey_leads_through_six_files_at_most()
    {
        string[] journeys = [.. Read("ARCHITECTURE.md").Split("\n## ").Where(section => section.Contains("\n1. ", StringComparison.Ordinal))];

        Assert.Equal(2, journeys.Length);
        Assert.All(journeys, journey => Assert.InRange(Step().Count(journey), 3, 6));
    }

    [Fact]
    public void Decisions_are_numbered_and_say_context_decision_and_consequences()
    {
        string[] files = [.. Directory.GetFiles(Repository.Path("docs", "adr"), "*.md").Order(StringComparer.Ordinal)];

        for (int i = 0; i < files.Length; i++)
        {
            string text = File.ReadAllText(files[i]);
            Assert.StartsWith($"{i + 1:0000}-", Path.GetFileName(files[i]), StringComparison.Ordinal);
            Assert.StartsWith($"# {i + 1}. ", text, StringComparison.Ordinal);
            Assert.Equal(["Context", "Decision", "Consequences"], Heading().Matches(text).Select(match => match.Groups["text"].Value));
        }
    }

    private static string Read(string document) => File.ReadAllText(Repository.Path(document));

    private static IEnumerable<string> Code(string document) => InlineCode().Matches(Fence().Replace(Read(document), "")).Select(match => match.Groups["code"].Value);

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("`(?<code>[^`\n]+)`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"^(?:(?:src|tests|docs|eng|protos|examples|deploy|benchmarks)(?:/[\w.-]+)*|\.ci/run|dev)$")]
    private static partial Regex PathInRepository();

    [GeneratedRegex("^I?[A-Z][a-z]+(?:[A-Z][a-z]*)*$")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum|delegate \S+) (?:struct )?(?<name>[A-Z]\w*)")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"\]\((?<target>[^)#]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\d\. ", RegexOptions.Multiline)]
    private static partial Regex Step();

    [GeneratedRegex(@"^## (?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
