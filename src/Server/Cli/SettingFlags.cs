using System.CommandLine;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli;

/// <summary>The flags of a command that are settings: each lays its value over the configuration file.</summary>
internal sealed class SettingFlags
{
    private readonly Option<FileInfo?> file = new("--config") { HelpName = "FILE", Description = "a YAML file with settings; docs/config.md lists them" };
    private readonly Option<string[]> settings;
    private readonly List<(string Path, Option<string[]> Option)> flags = [];
    private readonly List<(string Path, Option<bool> Option)> switches = [];

    /// <summary>Adds <c>--config</c> and <c>--set</c> to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="example">A setting that makes sense for it.</param>
    public SettingFlags(Command command, string example)
    {
        settings = new Option<string[]>("--set") { HelpName = "key=value", Description = $"any setting, for example --set {example}; may be repeated" };
        command.Add(file);
        command.Add(settings);
        Command = command;
    }

    private Command Command { get; }

    /// <summary>Adds a flag for the setting at <paramref name="path"/>.</summary>
    public SettingFlags Add(string flag, string valueName, string path, string description)
    {
        var option = new Option<string[]>(flag) { HelpName = valueName, Description = description, Arity = ArgumentArity.OneOrMore };
        flags.Add((path, option));
        Command.Add(option);
        return this;
    }

    /// <summary>Adds a flag without a value that turns the setting at <paramref name="path"/> on.</summary>
    public SettingFlags AddSwitch(string flag, string path, string description)
    {
        var option = new Option<bool>(flag) { Description = description };
        switches.Add((path, option));
        Command.Add(option);
        return this;
    }

    /// <summary>Loads the configuration that the file, the environment and the flags make.</summary>
    /// <exception cref="ConfigException">It is wrong.</exception>
    public ServerOptions Load(ParseResult result)
    {
        var loader = new ConfigLoader();
        if (result.GetValue(file) is { } path)
            loader.AddFile(path.ToString());
        loader.AddEnvironment(Environment.GetEnvironmentVariables());
        foreach (string setting in result.GetValue(settings) ?? [])
            loader.AddSetting(setting);
        foreach ((string key, Option<string[]> option) in flags)
        {
            if (result.GetValue(option) is { Length: > 0 } values)
                loader.AddFlag(option.Name, key, values.Length == 1 ? values[0] : $"[{string.Join(", ", values.Select(value => $"'{value}'"))}]");
        }

        foreach ((string key, Option<bool> option) in switches.Where(entry => result.GetValue(entry.Option)))
            loader.AddFlag(option.Name, key, "true");
        return loader.Load();
    }
}
