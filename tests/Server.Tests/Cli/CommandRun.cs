using RemoteExec.Server.Cli;

namespace RemoteExec.Server.Tests.Cli;

/// <summary>A command line, run to its end in this process.</summary>
internal sealed record CommandRun(int Code, string Output, string Error)
{
    public static Task<CommandRun> RunAsync(params string[] arguments) => RunAsync("", arguments);

    /// <summary>Runs one with something on its standard input.</summary>
    public static async Task<CommandRun> RunAsync(string input, string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(arguments, new Terminal(output, error, colourOutput: false, colourError: false) { Input = new StringReader(input) });
        return new CommandRun(code, output.ToString(), error.ToString());
    }

    /// <summary>What it printed; it has to have gone well.</summary>
    public string Succeeded()
    {
        Assert.True(Code == 0, $"{Code}: {Output}{Error}");
        return Output;
    }
}
