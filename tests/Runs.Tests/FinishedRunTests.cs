using RemoteExec.Runs.Remote;

namespace RemoteExec.Runs.Tests;

public sealed class FinishedRunTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(7, 7)]
    [InlineData(255, 255)]
    [InlineData(137, 137)]
    [InlineData(-9, 137)]
    [InlineData(256, 255)]
    [InlineData(257, 1)]
    public void Every_exit_code_is_one_that_a_process_can_have_and_none_that_is_bad_becomes_good(int told, int passed)
    {
        var run = new FinishedRun(TestBlob.Of([]).Digest, "", RunOutcome.Ran, new Reapi.ExecuteResponse { Result = new Reapi.ActionResult { ExitCode = told } });

        Assert.Equal(passed, run.ExitCode);
    }
}
