using System.Text.Json;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>What a token says, by name.</summary>
/// <param name="payload">Its claims.</param>
internal sealed class JwtClaims(JsonElement payload)
{
    /// <summary>
    /// The values of a claim: one of a text, a number, <c>true</c> or <c>false</c>; of a list, each of those in it; none if it is absent or something else. A name with dots is that of the claim
    /// itself, or else leads into objects: <c>realm_access.roles</c>.
    /// </summary>
    public IReadOnlyList<string> ValuesOf(string name) =>
        payload.TryGetProperty(name, out JsonElement value) || TryWalk(name, out value) ? [.. ValuesOf(value)] : [];

    private bool TryWalk(string path, out JsonElement value)
    {
        value = payload;
        foreach (string step in path.Split('.'))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(step, out value))
                return false;
        }

        return true;
    }

    private static IEnumerable<string> ValuesOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.EnumerateArray().Where(item => item.ValueKind != JsonValueKind.Array).SelectMany(ValuesOf),
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => [value.GetRawText()],
        _ => [],
    };
}
