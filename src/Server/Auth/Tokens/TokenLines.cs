using System.Text;
using System.Text.Json;

namespace RemoteExec.Server.Auth.Tokens;

/// <summary>The file of tokens: a line of JSON for each thing that happened to one. Lines are only added, each in one piece, so that nobody reads half of one, and none is lost when two are added at once.</summary>
internal static class TokenLines
{
    private const int HashDigits = 64;

    /// <summary>The tokens in a file's text, by id.</summary>
    /// <exception cref="FormatException">A line is none; the message does not quote it.</exception>
    public static IReadOnlyDictionary<string, ApiToken> Parse(string text)
    {
        var tokens = new Dictionary<string, ApiToken>(StringComparer.Ordinal);
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            if (line.AsSpan().Trim() is not { IsEmpty: false } content || content[0] == '#')
                continue;
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

    /// <summary>Adds a line to a file, which only its owner can read if it is made now.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static void Append(string path, ApiToken token)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 }; // one at a time
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        bool isTorn = file.Length > 0 && file.Seek(-1, SeekOrigin.End) >= 0 && file.ReadByte() != '\n';
        file.Seek(0, SeekOrigin.End);
        file.Write(Encoding.UTF8.GetBytes($"{(isTorn ? "\n" : "")}{JsonSerializer.Serialize(token, TokenJson.Default.ApiToken)}\n"));
    }

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
