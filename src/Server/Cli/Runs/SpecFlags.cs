using System.CommandLine;
using RemoteExec.Protocol;
using RemoteExec.Runs.Inputs;
using RemoteExec.Server.Cli.Images;
using Duration = RemoteExec.Server.Configuration.Duration;

namespace RemoteExec.Server.Cli.Runs;

/// <summary>The flags that say what a command sees and makes.</summary>
internal sealed class SpecFlags
{
    private readonly Option<string[]> inputs = new("--input") { HelpName = "PATH[=DEST]", Description = "a file or directory of this machine, or a directory of the CAS (digest or name), and where it is among the inputs [default: where it is here]; may be repeated" };
    private readonly Option<string[]> outputs = new("--output") { HelpName = "PATH", Description = "a file or directory that the command makes; it is fetched to the same place here; may be repeated" };
    private readonly Option<string[]> environment = new("--env") { HelpName = "NAME[=VALUE]", Description = "a variable of its environment, without a value the one of this environment; may be repeated" };
    private readonly Option<string[]> platform = new("--platform") { HelpName = "NAME=VALUE", Description = "a property that the worker must have; may be repeated" };
    private readonly Option<string?> image = new("--image") { HelpName = "TAG|DIGEST", Description = "its whole file system: an image of 'remoteexec image build', the same as --platform rootfs=DIGEST" };
    private readonly Option<string?> directory = new("--cwd") { HelpName = "DIR", Description = "the directory among the inputs that it runs in [default: their root]" };
    private readonly Option<string?> timeout = new("--timeout") { HelpName = "TIME", Description = "stop it after so long: 90s, 10m [default: what the server says]" };
    private readonly Option<bool> cache = new("--cache") { Description = "take the result from the cache if it is known, and keep it there" };
    private readonly Argument<string[]> words = new("CMD") { Arity = ArgumentArity.OneOrMore, Description = "behind --: the program and its arguments" };

    /// <summary>Adds them to a command.</summary>
    public SpecFlags(Command command)
    {
        command.Add(words);
        foreach (Option option in new Option[] { inputs, outputs, environment, platform, image, directory, timeout, cache })
            command.Add(option);
    }

    /// <summary>What is among its inputs.</summary>
    /// <exception cref="UsageException">A flag can't be understood.</exception>
    public IReadOnlyList<InputArgument> InputsOf(ParseResult result) => [.. (result.GetValue(inputs) ?? []).Select(InputArgument.Parse)];

    /// <summary>What is to run.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="instance">Where.</param>
    /// <exception cref="UsageException">A flag can't be understood.</exception>
    public RunSpec Read(ParseResult result, InstanceName instance)
    {
        var properties = (result.GetValue(platform) ?? []).Select(text => Pair("--platform", text)).ToList();
        if (result.GetValue(image) is { } named)
            properties.Add(new(SandboxProperties.RootFileSystem, ImageOf(instance, named)));
        return new RunSpec
        {
            Arguments = result.GetValue(words) is [['-', ..] flag, ..] ? throw new UsageException($"there is no flag '{flag}'; flags of the command itself stand behind its name") : result.GetValue(words)!,
            Environment = (result.GetValue(environment) ?? []).Select(VariableOf).GroupBy(variable => variable.Key).ToDictionary(group => group.Key, group => group.Last().Value),
            Outputs = [.. (result.GetValue(outputs) ?? []).Select(OutputOf)],
            Platform = properties,
            WorkingDirectory = result.GetValue(directory) is { } path ? RootPath.Normalize(path) ?? throw new UsageException($"--cwd: '{path}' leads out of the inputs: write a path below their root") : "",
            Timeout = TimeoutOf(result.GetValue(timeout)),
            IsCached = result.GetValue(cache),
        };
    }

    private static KeyValuePair<string, string> Pair(string flag, string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 ? new(text[..equals], text[(equals + 1)..]) : throw new UsageException($"{flag}: '{text}' is no NAME=VALUE");
    }

    private static KeyValuePair<string, string> VariableOf(string text) => text.Contains('=', StringComparison.Ordinal)
        ? Pair("--env", text)
        : new(text, Environment.GetEnvironmentVariable(text) ?? throw new UsageException($"--env: there is no variable '{text}' here: write {text}=VALUE"));

    private static string OutputOf(string text) => RootPath.Normalize(text) switch
    {
        null => throw new UsageException($"--output: '{text}' leads out of the inputs: write a path below their root, and where it is to be here with --download"),
        "" => throw new UsageException($"--output: '{text}' is the root of the inputs: name files or directories below it"),
        var path => path,
    };

    private static TimeSpan? TimeoutOf(string? text) => text is null ? null
        : !Duration.TryParse(text, out TimeSpan time, out string? error) ? throw new UsageException($"--timeout: {error}")
        : time > TimeSpan.Zero ? time : throw new UsageException("--timeout: must be positive");

    private static string ImageOf(InstanceName instance, string text)
    {
        Digest root = DigestArgument.Parse(instance, ImageFlags.Tags.Find(text)?.Root ?? text) ?? throw new UsageException($"--image: '{text}' is neither the name of an image (image ls) nor a digest, HASH/SIZE");
        return $"{root.Hash}/{root.SizeBytes}";
    }
}
