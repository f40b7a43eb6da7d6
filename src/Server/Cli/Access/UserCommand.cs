using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Auth.Users;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Access;

/// <summary><c>remoteexec user</c>: users with passwords, in the file that servers read.</summary>
internal static class UserCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec user set ann --role developer --users /etc/remoteexec/users          asks for the password
        pwgen 20 1 | remoteexec user set dashboard --role operator --users /etc/remoteexec/users
        remoteexec user list --config /etc/remoteexec/remoteexec.yaml
        remoteexec user remove ann --users /etc/remoteexec/users
        """;

    private const int ShortestPassword = 8;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new("user", "Sets the passwords and roles of users, lists and removes them: in the file that servers read as auth.basic.file.")
    {
        CreateSet(terminal),
        CreateList(terminal),
        CreateRemove(terminal),
    };

    private static Command CreateSet(Terminal terminal)
    {
        Argument<string> name = NameArgument();
        var role = new Option<string>("--role") { HelpName = "ROLE", Required = true, Description = $"what he may do: {string.Join(", ", Roles.Presets.Keys)}, or a role of the configuration" };
        var instances = new Option<string[]>("--instance") { HelpName = "NAME", Description = "where he may, with the instances below; / for the nameless one; may be repeated [default: everywhere]" };
        var command = new Command("set", "Sets a user's password, which is asked for, or read from standard input, and his role.") { name, role, instances };
        SettingFlags flags = FlagsOf(command);
        command.SetAction(result =>
        {
            ServerOptions options = flags.Load(result);
            string file = FileOf(options);
            var user = new ApiUser
            {
                Name = CheckName(result.GetValue(name)!),
                Role = CallerWords.CheckRole(result.GetValue(role)!, options),
                Instances = CallerWords.CheckInstances(result.GetValue(instances) ?? []),
                Set = TimeProvider.System.GetUtcNow(),
                Hash = PasswordHash.Of(CheckPassword(terminal.ReadSecret("Password: "))).ToString(),
            };
            Add(file, user, "user.set", options);
            terminal.WriteLine($"user '{user.Name}' ({user.Role} {(user.Instances.Count == 0 ? "everywhere" : $"in {string.Join(", ", user.Instances)}")}) is in {file}", Tone.Good);
        });
        return command;
    }

    private static Command CreateList(Terminal terminal)
    {
        var json = new Option<bool>("--json") { Description = "print them as JSON" };
        var command = new Command("list", "Lists users, without their passwords.") { json };
        SettingFlags flags = FlagsOf(command);
        command.SetAction(result =>
        {
            ApiUser[] users = [.. Read(FileOf(flags.Load(result))).Values.OrderBy(user => user.Name, StringComparer.Ordinal)];
            if (result.GetValue(json))
            {
                terminal.WriteLine(JsonSerializer.Serialize(users.Select(user => new { user.Name, user.Role, user.Instances, user.Set }), JsonSerializerOptions.Web));
                return;
            }

            var table = new Table("name", "role", "where", "set");
            foreach (ApiUser user in users)
            {
                string set = user.Set is { } time ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture) : "";
                table.Add(new Cell(user.Name), new Cell(user.Role), new Cell(user.Instances.Count == 0 ? "*" : string.Join(", ", user.Instances)), new Cell(set));
            }

            table.Write(terminal);
        });
        return command;
    }

    private static Command CreateRemove(Terminal terminal)
    {
        Argument<string> name = NameArgument();
        var command = new Command("remove", "Removes a user: servers that read the file refuse him within a second or two.") { name };
        SettingFlags flags = FlagsOf(command);
        command.SetAction(result =>
        {
            ServerOptions options = flags.Load(result);
            string file = FileOf(options), wanted = result.GetValue(name)!;
            if (!Read(file).ContainsKey(wanted))
                throw new StartupException($"{file} has no user '{wanted}': 'remoteexec user list' shows those that it has");
            Add(file, new ApiUser { Name = wanted, Removed = TimeProvider.System.GetUtcNow() }, "user.remove", options);
            terminal.WriteLine($"user '{wanted}' is removed", Tone.Good);
        });
        return command;
    }

    private static Argument<string> NameArgument() => new("NAME") { Description = "what he is called" };

    private static SettingFlags FlagsOf(Command command) =>
        new SettingFlags(command, "auth.basic.file=/etc/remoteexec/users").Add("--users", "FILE", "auth.basic.file", "the file of users, if --config does not name it");

    private static string FileOf(ServerOptions options) => options.Auth.Basic.File ?? throw new UsageException("which file of users? name it with --users, or a configuration that does with --config");

    private static string CheckName(string name) => CallerWords.CheckName(name, "user").Contains(':', StringComparison.Ordinal) ? throw new UsageException("the name of a user has no colon in it, behind which HTTP basic has the password") : name;

    private static string CheckPassword(string? password) => password is { Length: >= ShortestPassword }
        ? password
        : throw new UsageException($"the password has less than {ShortestPassword} characters: type a longer one, or put it on the first line of standard input");

    private static IReadOnlyDictionary<string, ApiUser> Read(string file) => CallerWords.Read(file, UserTable.ParseLines);

    private static void Add(string file, ApiUser user, string what, ServerOptions options) => CallerWords.Add(file, JsonSerializer.Serialize(user, UserJson.Default.ApiUser), what, user.Name, options);
}
