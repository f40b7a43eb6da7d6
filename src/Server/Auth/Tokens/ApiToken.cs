using System.Text.Json.Serialization;

namespace RemoteExec.Server.Auth.Tokens;

/// <summary>A token as it is kept: all but the secret. As lines of a file, the later of which add to the earlier of the same id.</summary>
internal sealed record ApiToken
{
    /// <summary>Names it, in the token itself too.</summary>
    public required string Id { get; init; }

    /// <summary>What it is for, or who has it: callers are called so.</summary>
    public string Name { get; init; } = "";

    /// <summary>The SHA-256 of the token, as hex digits. It is random enough that nobody finds it by trying.</summary>
    public string Hash { get; init; } = "";

    /// <summary>The role.</summary>
    public string Role { get; init; } = "";

    /// <summary>Where it has the role; empty for all that the role is good for.</summary>
    public IReadOnlyList<string> Instances { get; init; } = [];

    /// <summary>When it was made.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>When it ends; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>When it was taken away; null if it was not.</summary>
    public DateTimeOffset? Revoked { get; init; }
}

/// <summary>How tokens and their uses stand in files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ApiToken))]
[JsonSerializable(typeof(IReadOnlyList<ApiToken>))]
[JsonSerializable(typeof(Dictionary<string, DateTimeOffset>))]
internal sealed partial class TokenJson : JsonSerializerContext;
