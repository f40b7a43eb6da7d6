using RemoteExec.EndToEnd.Tests.Bazel;
using Xunit.v3;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>
/// Two lanes, in each of which one test runs after the other: builds of Bazel in the workspace that they share, and everything else, which mostly waits. Together they take a good half of the time that one lane takes.
/// </summary>
public sealed class Lanes(IXunitTestAssembly assembly) : IXunitTestCollectionFactory
{
    private readonly XunitTestCollection builds = new(assembly, null, disableParallelization: false, "builds");
    private readonly XunitTestCollection others = new(assembly, null, disableParallelization: false, "others");

    public string DisplayName => "lanes";

    public IXunitTestCollection Get(Type testClass) =>
        testClass.GetConstructors().Any(constructor => constructor.GetParameters().Any(parameter => parameter.ParameterType == typeof(SharedWorkspace))) ? builds : others;
}
