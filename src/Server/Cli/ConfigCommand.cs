using System.CommandLine;
using System.Text.Json;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli;

/// <summary><c>remoteexec config</c>: checks a configuration, and describes what can be configured.</summary>
internal static class ConfigCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<FileInfo>("FILE") { Description = "the YAML file" };
        var json = new Option<bool>("--json") { Description = "print what is wrong as JSON" };
        var check = new Command("check", "Checks a configuration file and says everything that is wrong with it.") { file, json };
        check.SetAction(result => Check(result.GetValue(file)!.ToString(), result.GetValue(json), terminal));

        var reference = new Command("reference", "Prints every setting with its default, as Markdown.");
        reference.SetAction(_ => terminal.Output.Write(ConfigReference.ToMarkdown()));
        return new Command("config", "Checks a configuration file, or lists all settings.") { check, reference };
    }

    private static int Check(string path, bool asJson, Terminal terminal)
    {
        try
        {
            new ConfigLoader().AddFile(path).Load();
            terminal.WriteLine(asJson ? Describe(path, []) : $"{path}: ok", asJson ? Tone.Plain : Tone.Good);
            return ExitCode.Ok;
        }
        catch (ConfigException exception) when (asJson)
        {
            terminal.WriteLine(Describe(path, exception.Problems));
            return ExitCode.Usage;
        }
    }

    private static string Describe(string path, IReadOnlyCollection<ConfigProblem> problems) => JsonSerializer.Serialize(
        new { File = path, IsOk = problems.Count == 0, Problems = problems.Select(problem => new { problem.Origin?.Line, problem.Origin?.Column, problem.Path, problem.Message }) }, JsonSerializerOptions.Web);
}
