using System.Text.Json;

namespace RemoteExec.Server.Auth.Tokens;

/// <summary>The file of tokens: a line of JSON for each thing that happened to one.</summary>
internal static class TokenLines
{
    private const int HashDigits = 64;

    /// <summary>The tokens in a file's text, by id.</summary>
    /// <exception cref="FormatException">A line is none; the message does not quote it.</exception>
    public static IReadOnlyDictionary<string, ApiToken> Parse(string text)
    {
        var tokens = new Dictionary<string, ApiToken>(StringComparer.Ordinal);
        foreach ((int number, string line) in AddedLines.In(text))
        {
            ApiToken token = Read(line, number);
            if (token.Revoked is { } revoked && tokens.TryGetValue(token.Id, out ApiToken? made))
                tokens[token.Id] = made with { Revoked = revoked };
            else if (token.Hash.Length != HashDigits || !token.Hash.All(char.IsAsciiHexDigit))
                throw new FormatException($"line {number} has no hash of a token that was made before");
            else if (!tokens.TryAdd(token.Id, token))
                throw new FormatException($"line {number} has an id that another line has");
        }

        return tokens;
    }

    /// <summary>A line.</summary>
    public static string Format(ApiToken token) => JsonSerializer.Serialize(token, TokenJson.Default.ApiToken);

    private static ApiToken Read(string line, int number)
    {
        try
        {
            // What a line does not have is null, whatever the record says.
            return JsonSerializer.Deserialize(line, TokenJson.Default.ApiToken) is { Id.Length: > 0 } token
                ? token with { Name = token.Name ?? "", Hash = token.Hash ?? "", Role = token.Role ?? "", Instances = token.Instances ?? [] }
                : throw new FormatException($"line {number} is no token");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"line {number} is no token: write such lines with 'remoteexec token create'", exception);
        }
    }
}
