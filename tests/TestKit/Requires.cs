namespace RemoteExec.TestKit;

/// <summary>What a test needs on the machine. Without it the test is skipped, with the reason; where CI=true it fails.</summary>
public static class Requires
{
    /// <summary>A program on the PATH.</summary>
    public static void Program(string name, string package)
    {
        bool found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, name)));
        True(found, $"{name} is not installed: apt-get install {package}");
    }

    /// <summary>Anything else.</summary>
    public static void True(bool isMet, string reason)
    {
        if (!isMet && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(reason);
        Assert.SkipUnless(isMet, reason);
    }

    /// <summary>Bazel and a C++ compiler.</summary>
    public static void Bazel()
    {
        Program("bazel", "bazel-bootstrap");
        Program("g++", "g++");
    }
}
