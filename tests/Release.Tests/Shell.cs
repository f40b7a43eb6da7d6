namespace RemoteExec.Release.Tests;

/// <summary>Runs programs to their end.</summary>
internal static class Shell
{
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(20); // everything is built, beside other tests

    /// <summary>Runs a program, which must succeed, and returns what it printed to standard output and standard error.</summary>
    public static Task<string> RunAsync(string directory, string program, params string[] arguments) => RunAsync(null, directory, program, arguments);

    /// <inheritdoc cref="RunAsync(string, string, string[])"/>
    public static async Task<string> RunAsync(IReadOnlyDictionary<string, string?>? environment, string directory, string program, params string[] arguments)
    {
        await using ChildProcess process = ChildProcess.Start(program == "./dev" ? Path.Combine(directory, "dev") : program, arguments, directory, environment);
        int exitCode = await process.WaitForExitAsync(patience);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {exitCode}:\n{process.Output}");
        return process.Output;
    }

    /// <summary>Runs a program and returns how it ended.</summary>
    public static async Task<int> ExitCodeOfAsync(string program, params string[] arguments)
    {
        await using ChildProcess process = ChildProcess.Start(program, arguments);
        return await process.WaitForExitAsync(patience);
    }
}
