using System.CommandLine;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli;

/// <summary><c>remoteexec config</c>: checks a configuration, and describes what can be configured.</summary>
internal static class ConfigCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<FileInfo>("FILE") { Description = "the YAML file" };
        var check = new Command("check", "Checks a configuration file and says everything that is wrong with it.") { file };
        check.SetAction(result =>
        {
            string path = result.GetValue(file)!.ToString();
            new ConfigLoader().AddFile(path).Load();
            terminal.WriteLine($"{path}: ok", Tone.Good);
        });

        var reference = new Command("reference", "Prints every setting with its default, as Markdown.");
        reference.SetAction(_ => terminal.Output.Write(ConfigReference.ToMarkdown()));
        return new Command("config", "Checks a configuration file, or lists all settings.") { check, reference };
    }
}
