using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Auth.Tokens;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Cli.Access;

/// <summary><c>remoteexec token</c>: makes tokens, lists them and takes them away, in the file that servers read.</summary>
internal static class TokenCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec token create ci-main --role ci --expires 90d --tokens /etc/remoteexec/tokens > ci-main.token
        remoteexec token create ann --role developer --instance team/app --tokens /etc/remoteexec/tokens
        remoteexec token list --config /etc/remoteexec/remoteexec.yaml
        remoteexec token revoke 1f0c2a9e8b7d --tokens /etc/remoteexec/tokens
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new("token", "Makes tokens for callers, lists and revokes them: in the file that servers read as auth.tokens.file.")
    {
        CreateCreate(terminal),
        CreateList(terminal),
        CreateRevoke(terminal),
    };

    private static Command CreateCreate(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "who has it, or what it is for: logs call its holder so" };
        var role = new Option<string>("--role") { HelpName = "ROLE", Required = true, Description = $"what it is good for: {string.Join(", ", Roles.Presets.Keys)}, or a role of the configuration" };
        var instances = new Option<string[]>("--instance") { HelpName = "NAME", Description = "where it is good, with the instances below; / for the nameless one; may be repeated [default: everywhere]" };
        var expires = new Option<string?>("--expires") { HelpName = "TIME", Description = "how long it is good, for example 90d [default: until it is revoked]" };
        var command = new Command("create", "Makes a token and prints it, which nothing else ever does: the file has its hash alone.") { name, role, instances, expires };
        SettingFlags flags = FlagsOf(command);
        command.SetAction(result =>
        {
            ServerOptions options = flags.Load(result);
            TokenSecret secret = TokenSecret.New();
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            var token = new ApiToken
            {
                Id = secret.Id,
                Name = CallerWords.CheckName(result.GetValue(name)!, "token"),
                Hash = Convert.ToHexStringLower(secret.Hash),
                Role = CallerWords.CheckRole(result.GetValue(role)!, options),
                Instances = CallerWords.CheckInstances(result.GetValue(instances) ?? []),
                Created = now,
                Expires = result.GetValue(expires) is { } text ? now + CheckTime(text) : null,
            };
            string file = FileOf(options);
            Append(file, token, "token.create", $"{token.Id} ({token.Name}, {Describe(token)})", options);
            terminal.WriteLine(secret.Text);
            terminal.Error.WriteLine($"token {token.Id} ({token.Name}, {Describe(token)}) is in {file}; callers show it as 'Authorization: Bearer …'");
        });
        return command;
    }

    private static Command CreateList(Terminal terminal)
    {
        var json = new Option<bool>("--json") { Description = "print the answer as JSON" };
        var command = new Command("list", "Lists tokens, without their secrets. When they were last used is told where the server's data directory is.") { json };
        SettingFlags flags = FlagsOf(command);
        flags.Add("--data", "DIR", "data", "where the server keeps what it has");
        command.SetAction(result =>
        {
            ServerOptions options = flags.Load(result);
            ApiToken[] tokens = [.. Read(FileOf(options)).Values.OrderBy(token => token.Created)];
            if (result.GetValue(json))
                terminal.WriteLine(JsonSerializer.Serialize(tokens, TokenJson.Default.IReadOnlyListApiToken));
            else
                Show(tokens, TokenUses.Read(TokenUses.FileIn(options.Data ?? DataDirectories.Default)), terminal);
        });
        return command;
    }

    private static Command CreateRevoke(Terminal terminal)
    {
        var id = new Argument<string>("ID") { Description = "the token's id, as 'token list' shows it" };
        var command = new Command("revoke", "Takes a token away: servers that read the file refuse it within a second or two.") { id };
        SettingFlags flags = FlagsOf(command);
        command.SetAction(result =>
        {
            ServerOptions options = flags.Load(result);
            string file = FileOf(options), wanted = result.GetValue(id)!;
            if (!Read(file).TryGetValue(wanted, out ApiToken? token))
                throw new StartupException($"{file} has no token '{wanted}': 'remoteexec token list' shows those that it has");
            if (token.Revoked is null)
                Append(file, new ApiToken { Id = wanted, Revoked = TimeProvider.System.GetUtcNow() }, "token.revoke", $"{wanted} ({token.Name})", options);
            terminal.WriteLine($"token {wanted} ({token.Name}) is revoked", Tone.Good);
        });
        return command;
    }

    private static SettingFlags FlagsOf(Command command) =>
        new SettingFlags(command, "auth.tokens.file=/etc/remoteexec/tokens").Add("--tokens", "FILE", "auth.tokens.file", "the file of tokens, if --config does not name it");

    private static string FileOf(ServerOptions options) => options.Auth.Tokens.File ?? throw new UsageException("which file of tokens? name it with --tokens, or a configuration that does with --config");

    private static TimeSpan CheckTime(string text) => !Duration.TryParse(text, out TimeSpan time, out string? error) ? throw new UsageException($"--expires: {error}")
        : time > TimeSpan.Zero ? time : throw new UsageException("--expires: must be positive");

    private static IReadOnlyDictionary<string, ApiToken> Read(string file) => CallerWords.Read(file, TokenLines.Parse);

    private static void Append(string file, ApiToken token, string what, string subject, ServerOptions options) => CallerWords.Add(file, TokenLines.Format(token), what, subject, options);

    private static void Show(IReadOnlyList<ApiToken> tokens, IReadOnlyDictionary<string, DateTimeOffset> uses, Terminal terminal)
    {
        if (tokens.Count == 0)
        {
            terminal.WriteLine("there is no token yet: 'remoteexec token create' makes one");
            return;
        }

        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        var table = new Table("id", "name", "role", "where", "made", "last used", "good until");
        foreach (ApiToken token in tokens)
        {
            (string until, Tone tone) = token switch
            {
                { Revoked: { } revoked } => ($"revoked {Day(revoked)}", Tone.Bad),
                { Expires: { } end } when end <= now => ($"expired {Day(end)}", Tone.Bad),
                { Expires: { } end } => (Day(end), Tone.Plain),
                _ => ("it is revoked", Tone.Plain),
            };
            string used = uses.TryGetValue(token.Id, out DateTimeOffset use) ? Day(use) : "not known";
            table.Add(new Cell(token.Id), new Cell(token.Name), new Cell(token.Role), new Cell(WhereOf(token)), new Cell(token.Created is { } made ? Day(made) : ""), new Cell(used), new Cell(until, tone));
        }

        table.Write(terminal);
    }

    private static string Describe(ApiToken token) =>
        $"{token.Role} {(token.Instances.Count == 0 ? "everywhere" : $"in {WhereOf(token)}")}, good until {(token.Expires is { } end ? Day(end) : "it is revoked")}";

    private static string WhereOf(ApiToken token) => token.Instances.Count == 0 ? "*" : string.Join(", ", token.Instances);

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
