using System.Text.Json.Serialization;

namespace RemoteExec.Server.Auth.Users;

/// <summary>A user with a password, as lines of a file, of which the last with a name counts.</summary>
internal sealed record ApiUser
{
    /// <summary>What he is called.</summary>
    public required string Name { get; init; }

    /// <summary>What became of his password (<see cref="PasswordHash"/>).</summary>
    public string Hash { get; init; } = "";

    /// <summary>The role.</summary>
    public string Role { get; init; } = "";

    /// <summary>Where he has the role; empty for all that the role is good for.</summary>
    public IReadOnlyList<string> Instances { get; init; } = [];

    /// <summary>When that was said.</summary>
    public DateTimeOffset? Set { get; init; }

    /// <summary>When he was taken away; null if he was not.</summary>
    public DateTimeOffset? Removed { get; init; }
}

/// <summary>How users stand in files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ApiUser))]
internal sealed partial class UserJson : JsonSerializerContext;
