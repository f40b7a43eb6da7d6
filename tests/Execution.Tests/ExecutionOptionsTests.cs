namespace RemoteExec.Execution.Tests;

public sealed class ExecutionOptionsTests
{
    [Fact]
    public void The_defaults_are_good() => Assert.Empty(new ExecutionOptions().Validate());

    [Fact]
    public void Every_problem_is_told()
    {
        var options = new ExecutionOptions
        {
            DefaultTimeout = TimeSpan.FromHours(48),
            PollInterval = TimeSpan.FromMinutes(2),
            Retention = TimeSpan.Zero,
            MaxAttempts = 0,
            MaxRetainedOperations = -1,
            MaxUnfinishedOperations = 0,
        };

        Assert.Equal(6, options.Validate().Count());
    }
}
