using System.Text.Json;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth.Users;

/// <summary>The users of a file, as it has them at one time.</summary>
internal sealed class UserTable
{
    private readonly Dictionary<string, KnownUser> byName;

    private UserTable(Dictionary<string, KnownUser> byName) => this.byName = byName;

    /// <summary>Reads a file's text.</summary>
    /// <exception cref="FormatException">A line of it is no user; the message does not quote it.</exception>
    public static UserTable Parse(string text, Roles roles) => new(ParseLines(text).ToDictionary(entry => entry.Key, entry => KnownUser.Of(entry.Value, CallerOf(entry.Value, roles)), StringComparer.Ordinal));

    /// <summary>The users in a file's text, by name.</summary>
    /// <exception cref="FormatException">A line of it is no user; the message does not quote it.</exception>
    public static IReadOnlyDictionary<string, ApiUser> ParseLines(string text)
    {
        var users = new Dictionary<string, ApiUser>(StringComparer.Ordinal);
        foreach ((int number, string line) in AddedLines.In(text))
        {
            ApiUser user = Read(line, number);
            if (user.Removed is not null)
                users.Remove(user.Name);
            else if (PasswordHash.Parse(user.Hash) is null)
                throw new FormatException($"line {number} has no hash of a password");
            else
                users[user.Name] = user;
        }

        return users;
    }

    /// <summary>The user of a name; null if there is none.</summary>
    public KnownUser? Find(string name) => byName.GetValueOrDefault(name);

    private static ApiUser Read(string line, int number)
    {
        try
        {
            // What a line does not have is null, whatever the record says.
            return JsonSerializer.Deserialize(line, UserJson.Default.ApiUser) is { Name.Length: > 0 } user
                ? user with { Hash = user.Hash ?? "", Role = user.Role ?? "", Instances = user.Instances ?? [] }
                : throw new FormatException($"line {number} is no user");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"line {number} is no user: write such lines with 'remoteexec user set'", exception);
        }
    }

    private static Caller? CallerOf(ApiUser user, Roles roles)
    {
        IReadOnlyList<InstanceScope> scopes = AuthOptions.ScopesOf(user.Instances);
        return scopes.Count == user.Instances.Count && roles.Find(user.Role, scopes) is { } grants ? new Caller(user.Name, "password", grants) : null;
    }
}
