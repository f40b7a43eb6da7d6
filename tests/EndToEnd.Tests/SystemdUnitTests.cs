using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>The units for systemd are what systemd takes them for, and start the program as it can be started.</summary>
public sealed partial class SystemdUnitTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public static TheoryData<string> Units { get; } = [.. Directory.GetFiles(Repository.Path("deploy"), "*.service").Select(path => Path.GetFileName(path))];

    public void Dispose() => directory.Dispose();

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Systemd_has_no_complaint(string unit)
    {
        Requires.Program("systemd-analyze", "systemd");
        string text = await File.ReadAllTextAsync(Repository.Path("deploy", unit), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(directory[unit], ExecStart().Replace(text, $"ExecStart={ServerProcess.Program} ${{arguments}}"), TestContext.Current.CancellationToken);

        await using ChildProcess verify = ChildProcess.Start("systemd-analyze", ["verify", "--man=no", directory[unit]]);

        Assert.Equal(0, await verify.WaitForExitAsync());
        Assert.Equal("", verify.Output); // it only mentions a key that it does not know
    }

    [Theory]
    [MemberData(nameof(Units))]
    public async Task The_program_takes_the_flags(string unit)
    {
        string text = await File.ReadAllTextAsync(Repository.Path("deploy", unit), TestContext.Current.CancellationToken);
        string[] arguments = ExecStart().Match(text).Groups["arguments"].Value.Split(' ');
        string config = Assert.Single(arguments, argument => argument.EndsWith(".yaml", StringComparison.Ordinal));

        await using ChildProcess program = ChildProcess.Start(ServerProcess.Program, arguments.Select(argument => argument == config ? directory["none.yaml"] : argument));

        Assert.Equal(2, await program.WaitForExitAsync());
        Assert.Equal($"remoteexec: {directory["none.yaml"]}: can't be read: there is no such file\n", program.Output); // and nothing else
    }

    [GeneratedRegex("^ExecStart=/opt/remoteexec/remoteexec (?<arguments>.*)$", RegexOptions.Multiline)]
    private static partial Regex ExecStart();
}
