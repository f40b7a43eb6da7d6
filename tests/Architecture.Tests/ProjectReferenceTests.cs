using System.Reflection;
using System.Xml.Linq;
using RemoteExec.TestKit;

namespace RemoteExec.Architecture.Tests;

/// <summary>Who may know whom: the table is the diagram of ARCHITECTURE.md.</summary>
public sealed class ProjectReferenceTests
{
    /// <summary>What each project refers to; what those refer to it may use too.</summary>
    private static readonly Dictionary<string, string[]> allowed = new(StringComparer.Ordinal)
    {
        ["Protocol"] = [],
        ["Rpc"] = [],
        ["Redis"] = [],
        ["Cas"] = ["Protocol", "Redis", "Rpc"],
        ["ActionCache"] = ["Cas"],
        ["Execution"] = ["ActionCache"],
        ["Native"] = [],
        ["Worker"] = ["Cas", "Native"],
        ["Trees"] = ["Cas", "Native"],
        ["Images"] = ["Trees"],
        ["Runs"] = ["Trees"],
        ["References"] = ["Cas"],
        ["Fetching"] = [],
        ["Assets"] = ["ActionCache", "Fetching", "Images"],
        ["Builds"] = ["ActionCache"],
        ["Probe"] = ["Cas"],
        ["Python"] = ["Fetching", "Trees"],
        ["Server"] = ["Assets", "Builds", "Execution", "Probe", "Python", "References", "Runs", "Worker"],
    };

    public static TheoryData<string> Projects { get; } = [.. allowed.Keys];

    [Fact]
    public void Every_project_stands_in_the_table() =>
        Assert.Equal(allowed.Keys.Order(StringComparer.Ordinal), Directory.GetFiles(Repository.Path("src"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetFileName(Path.GetDirectoryName(path)!)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_to_what_the_table_says(string project)
    {
        IEnumerable<string> references = XDocument.Load(Repository.Path("src", project, $"RemoteExec.{project}.csproj"))
            .Descendants("ProjectReference").Select(reference => Path.GetFileName(Path.GetDirectoryName(reference.Attribute("Include")!.Value.Replace('\\', '/')))!);

        Assert.Equal(allowed[project], references.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void An_assembly_uses_no_other_than_its_project_may(string project)
    {
        string name = project == "Server" ? "remoteexec" : $"RemoteExec.{project}";

        IEnumerable<string> used = Assembly.Load(name).GetReferencedAssemblies().Select(reference => reference.Name!).Where(reference => reference.StartsWith("RemoteExec.", StringComparison.Ordinal));

        Assert.Empty(used.Except(Reachable(project).Select(reachable => $"RemoteExec.{reachable}")));
    }

    [Fact]
    public void Worker_and_scheduler_meet_in_the_protocol_alone()
    {
        Assert.DoesNotContain("Execution", Reachable("Worker"));
        Assert.DoesNotContain("ActionCache", Reachable("Worker"));
        Assert.DoesNotContain("Worker", Reachable("Execution"));
    }

    private static HashSet<string> Reachable(string project) => [.. allowed[project].SelectMany(next => Reachable(next).Append(next))];
}
