using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Probe;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Auth;

namespace RemoteExec.Server.Cli.Profiles;

/// <summary><c>remoteexec login</c>: finds out what a server wants, tries it, and keeps it as a profile for all commands.</summary>
internal static class LoginCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec login grpcs://cache.example.com:8980
        remoteexec login grpcs://cache.example.com:8980 --profile ci --instance team/app --token-file - < token
        remoteexec login grpcs://cache.example.com:8980 --ca company.pem --cert ci.pem --key ci.key
        """;

    private const string StandardInput = "-";

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var url = new Argument<string[]>("URL") { Arity = ArgumentArity.OneOrMore, Description = "the server's gRPC address, or those of servers of one cluster: grpcs://host:port, grpc://host:port or unix:/path" };
        var profile = new Option<string>("--profile") { HelpName = "NAME", Description = "what to call it", DefaultValueFactory = _ => "default" };
        var http = new Option<string?>("--http") { HelpName = "URL", Description = "the server's HTTP address, for 'builds', 'stats', 'top' and caches over HTTP" };
        var instance = new Option<string>("--instance") { HelpName = "NAME", Description = "the instance name", DefaultValueFactory = _ => "" };
        var roots = new Option<string?>("--ca") { HelpName = "FILE", Description = "PEM file with the certificates to trust instead of the system's" };
        var certificate = new Option<string?>("--cert") { HelpName = "FILE", Description = "PEM file with the certificate to show" };
        var key = new Option<string?>("--key") { HelpName = "FILE", Description = "PEM file with the key of --cert" };
        var token = new Option<string?>("--token-file") { HelpName = "FILE", Description = "a file with the token to show, which stays where it is; - for standard input, and it is kept with the profile [default: what you type, if the server asks for one]" };
        var header = new Option<string?>("--header") { HelpName = "NAME", Description = "the header that carries the token, for servers that don't take 'authorization: Bearer'" };
        var command = new Command("login", "Finds out what a server wants to be shown, tries it, and keeps it for all commands.") { url, profile, http, instance, roots, certificate, key, token, header };
        command.SetAction((result, cancellationToken) => RunAsync(
            new ProfileOptions
            {
                Servers = result.GetValue(url)!,
                Http = result.GetValue(http),
                Instance = result.GetValue(instance)!,
                Ca = FullPath(result.GetValue(roots)),
                Certificate = FullPath(result.GetValue(certificate)),
                Key = FullPath(result.GetValue(key)),
                TokenFile = result.GetValue(token) is { } file and not StandardInput ? FullPath(file) : null,
                Header = result.GetValue(header),
            },
            result.GetValue(profile)!, result.GetValue(token) == StandardInput, terminal, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ProfileOptions options, string name, bool readsToken, Terminal terminal, CancellationToken cancellationToken)
    {
        if (!ProfilesOptions.IsName(name))
            throw new UsageException($"--profile '{name}' is no name: write letters, digits and . _ -");
        if (options.Validate().FirstOrDefault() is { } problem)
            throw new UsageException(problem.Message);
        string? typed = readsToken ? Parse(terminal.ReadSecret("token: ")) : null;
        string? shown = typed ?? (options.TokenFile is { } file ? ShownToken.FirstOf(file, "--token-file") : null);
        Introduction introduction = await AskAsync(options, shown, cancellationToken);
        if (introduction.Failure == CallFailure.NotKnown && shown is null && terminal.Input is null)
        {
            terminal.WriteLine(introduction.Message);
            typed = shown = Parse(terminal.ReadSecret("token: "));
            introduction = await AskAsync(options, shown, cancellationToken);
        }

        if (introduction.Failure is { } failure)
            throw new StartupException(Explain(failure, introduction.Message, options, shown is not null));
        ProfileStore.OfUser().Keep(name, options, typed);
        terminal.WriteLine($"logged in to {options.Servers[0]} as profile '{name}', which all commands use now: {Describe(introduction)}", Tone.Good);
        terminal.WriteLine("next: 'remoteexec doctor' for how well it works from here, 'remoteexec settings bazel' for what to paste", Tone.Faint);
        return ExitCode.Ok;
    }

    private static async Task<Introduction> AskAsync(ProfileOptions options, string? token, CancellationToken cancellationToken)
    {
        await using RpcChannel channel = ServerChannel.Open(options, token is null ? null : () => token, NullLogger.Instance, TimeProvider.System);
        return await Introduction.AskAsync(channel, options.Instance, cancellationToken);
    }

    private static string Parse(string? typed)
    {
        try
        {
            return BearerTokens.LinesOf(typed ?? "")[0];
        }
        catch (FormatException exception)
        {
            throw new StartupException($"the token: {exception.Message}", exception);
        }
    }

    private static string Explain(CallFailure failure, string message, ProfileOptions options, bool isShown) => failure switch
    {
        CallFailure.NotKnown => isShown ? $"the token is not taken: {message}" : $"{message}: write --token-file FILE, - for standard input, or --cert FILE --key FILE",
        CallFailure.NotAllowed => $"{message}; name another instance with --instance, or ask who runs the server for a role there",
        CallFailure.Refused => $"{message} (--instance '{options.Instance}')",
        CallFailure.NotOffered => $"{options.Servers[0]} is no server of the Remote Execution API: {message}",
        _ => $"{message}; 'remoteexec doctor {options.Servers[0]}' says more",
    };

    private static string Describe(Introduction introduction) => string.Join(", ", new[]
    {
        introduction.Caches ? introduction.TakesResults ? "cache" : "cache, to read only" : null,
        introduction.Executes ? "execution" : null,
    }.OfType<string>().DefaultIfEmpty("it offers nothing to this caller"));

    private static string? FullPath(string? file) => file is null ? null : Path.GetFullPath(file);
}
