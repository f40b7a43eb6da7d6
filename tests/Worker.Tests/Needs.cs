namespace RemoteExec.Worker.Tests;

/// <summary>What some tests need and not every machine has: without it they are skipped, but fail in CI.</summary>
internal static class Needs
{
    /// <summary>The limit on an action's processes; one for all tests, as it holds for the process that runs them.</summary>
    public const int MaxProcesses = 300;

    public static void ActionUsers()
    {
        if (RemoteExec.Worker.Sandbox.ActionUsers.AreAvailable())
            return;
        const string Reason = "needs root, to run actions as users of their own";
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(Reason);
        Assert.Skip(Reason);
    }

    public static void Groups(IReadOnlyList<string> problems)
    {
        if (problems.Count == 0)
            return;
        string reason = $"needs control groups: {string.Join("; ", problems)}";
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(reason);
        Assert.Skip(reason);
    }
}
