using System.Text.RegularExpressions;
using RemoteExec.TestKit;

namespace RemoteExec.Architecture.Tests;

/// <summary>What holds for every source file.</summary>
public sealed partial class SourceTests
{
    private const int LongestFile = 400;

    private static IEnumerable<SourceFile> Sources => SourceFile.Below("src");

    [Fact]
    public void Namespaces_follow_folders()
    {
        IEnumerable<string> wrong =
            from source in Sources
            let declared = Namespace().Match(source.Text)
            where declared.Success && declared.Groups["name"].Value != $"RemoteExec.{Path.GetDirectoryName(source.RelativePath)!.Replace('/', '.')}"
            select source.RelativePath;

        Assert.Empty(wrong);
    }

    [Fact]
    public void No_file_is_longer_than_a_reader_can_bear() =>
        Assert.Empty(Sources.Where(source => source.Text.Count(character => character == '\n') > LongestFile).Select(source => source.RelativePath));

    [Fact]
    public void A_file_has_one_public_type()
    {
        // Exceptions of one family, and an enum with its extensions, stay together.
        IEnumerable<string> wrong = Sources
            .Where(source => !source.RelativePath.EndsWith("Exception.cs", StringComparison.Ordinal))
            .Where(source => PublicType().Count(source.Text) > 1)
            .Select(source => source.RelativePath);

        Assert.Empty(wrong.Except(["Rpc/Server/RpcHandler.cs"])); // a handler, and what stands round one: two delegates
    }

    [Fact]
    public void Only_services_see_services()
    {
        IEnumerable<string> wrong =
            from source in Sources
            let project = source.RelativePath.Split('/')[0]
            where project != "Server" && !source.RelativePath.Contains("/Services/", StringComparison.Ordinal)
                && source.Text.Contains($"using RemoteExec.{project}.Services;", StringComparison.Ordinal)
                && !EntryPoints.Contains(source.RelativePath)
            select source.RelativePath;

        Assert.Empty(wrong);
    }

    [Fact]
    public void Only_services_and_the_RPC_layer_know_status_codes()
    {
        IEnumerable<string> wrong = Sources
            .Where(source => !source.RelativePath.StartsWith("Rpc/", StringComparison.Ordinal) && !source.RelativePath.Contains("/Services/", StringComparison.Ordinal))
            .Where(source => !Clients.Any(client => source.RelativePath.StartsWith(client, StringComparison.Ordinal)))
            .Where(source => StatusCodeUse().IsMatch(source.Text))
            .Select(source => source.RelativePath);

        Assert.Empty(wrong);
    }

    [Fact]
    public void Names_say_what_a_thing_is()
    {
        IEnumerable<string> wrong = Sources.Select(source => source.RelativePath)
            .Where(path => BadName().IsMatch(Path.GetFileNameWithoutExtension(path)));

        Assert.Empty(wrong);
    }

    /// <summary>The worker is the client of the scheduler: its loop starts what speaks to it.</summary>
    private static IReadOnlyList<string> EntryPoints { get; } = ["Worker/WorkerLoop.cs", "Worker/LocalActionExecutor.cs"];

    /// <summary>A store that is another server reads that server's status codes, and who tries servers from outside reads those of any.</summary>
    private static IReadOnlyList<string> Clients { get; } = ["Cas/Stores/RemoteStore", "ActionCache/Stores/RemoteResultStore", "Trees/Remote/", "Runs/Remote/", "Probe/"];

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^public (?:[a-z]+ )*(?:class|struct|record|interface|enum|delegate)\b", RegexOptions.Multiline)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"\b(?:StatusCode\.[A-Z]|new RpcStatus\(|RpcException\b)")]
    private static partial Regex StatusCodeUse();

    [GeneratedRegex("(?:Manager|Helper|Helpers|Util|Utils|Impl|Base)$")]
    private static partial Regex BadName();
}
