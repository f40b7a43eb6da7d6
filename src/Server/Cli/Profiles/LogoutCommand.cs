using System.CommandLine;

namespace RemoteExec.Server.Cli.Profiles;

/// <summary><c>remoteexec logout</c>: forgets a profile, and the token that was kept for it.</summary>
internal static class LogoutCommand
{
    /// <summary>What to try.</summary>
    public const string Examples = """
        remoteexec logout
        remoteexec logout --profile ci
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var profile = new Option<string?>("--profile") { HelpName = "NAME", Description = "which profile [default: the one that is used]" };
        var command = new Command("logout", "Forgets a profile, with the token that was kept for it. The token stays good: who runs the server can revoke it.") { profile };
        command.SetAction(result =>
        {
            ProfileStore store = ProfileStore.OfUser();
            ProfilesOptions profiles = store.Read();
            string name = result.GetValue(profile) ?? profiles.Current ?? throw new StartupException("no profile is used: name one with --profile");
            if (!profiles.Profiles.ContainsKey(name))
                throw new StartupException($"there is no profile '{name}': 'remoteexec profile list' has them");
            store.Drop(name);
            terminal.WriteLine($"profile '{name}' is gone", Tone.Good);
        });
        return command;
    }
}
