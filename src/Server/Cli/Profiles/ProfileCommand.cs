using System.CommandLine;
using System.Text.Json;

namespace RemoteExec.Server.Cli.Profiles;

/// <summary><c>remoteexec profile</c>: lists what <c>login</c> has kept, and says which of it is used.</summary>
internal static class ProfileCommand
{
    /// <summary>What to try.</summary>
    public const string Examples = """
        remoteexec profile list
        remoteexec profile use ci
        """;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new("profile", "Lists what 'login' has kept, and says which of it commands use.")
    {
        CreateList(terminal),
        CreateUse(terminal),
    };

    private static Command CreateList(Terminal terminal)
    {
        var asJson = new Option<bool>("--json") { Description = "print them as JSON, without any secret" };
        var command = new Command("list", "Lists profiles, the one that is used with a *.") { asJson };
        command.SetAction(result =>
        {
            ProfilesOptions profiles = ProfileStore.OfUser().Read();
            if (result.GetValue(asJson))
                terminal.WriteLine(JsonSerializer.Serialize(profiles, json));
            else
                Write(profiles, terminal);
        });
        return command;
    }

    private static Command CreateUse(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "its name, as 'profile list' has it" };
        var command = new Command("use", "Has commands use a profile where no other is named.") { name };
        command.SetAction(result =>
        {
            ProfileStore store = ProfileStore.OfUser();
            if (!store.Read().Profiles.ContainsKey(result.GetValue(name)!))
                throw new StartupException($"there is no profile '{result.GetValue(name)}': 'remoteexec profile list' has them");
            store.Use(result.GetValue(name));
            terminal.WriteLine($"profile '{result.GetValue(name)}' is used", Tone.Good);
        });
        return command;
    }

    private static void Write(ProfilesOptions profiles, Terminal terminal)
    {
        if (profiles.Profiles.Count == 0)
        {
            terminal.WriteLine("no profiles: 'remoteexec login URL' makes one", Tone.Faint);
            return;
        }

        var table = new Table("", "NAME", "INSTANCE", "SHOWS", "SERVER");
        foreach ((string name, ProfileOptions profile) in profiles.Profiles.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            string shows = profile.TokenFile is not null ? "a token" : profile.Certificate is not null ? "a certificate" : "nothing";
            table.Add(name == profiles.Current ? "*" : "", name, profile.Instance.Length == 0 ? "-" : profile.Instance, shows, string.Join(", ", profile.Servers));
        }

        table.Write(terminal);
    }
}
