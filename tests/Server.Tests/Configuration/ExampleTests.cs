using RemoteExec.Server.Configuration;
using RemoteExec.TestKit;

namespace RemoteExec.Server.Tests.Configuration;

public sealed class ExampleTests
{
    public static TheoryData<string> Examples => [.. Directory.GetFiles(Repository.Path("examples"), "*.yaml").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Every_example_is_a_good_configuration(string name) =>
        Assert.NotNull(new ConfigLoader().AddFile(Repository.Path("examples", name)).Load());

    [Fact]
    public void Every_setting_stands_in_an_example()
    {
        string examples = string.Concat(Directory.GetFiles(Repository.Path("examples"), "*.yaml").Select(File.ReadAllText));

        IEnumerable<string> missing = ConfigReference.Keys().Where(key => !examples.Contains($"{key.Split('.')[^1]}:", StringComparison.Ordinal));

        Assert.Empty(missing);
    }
}
