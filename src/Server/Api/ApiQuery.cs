using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Api;

/// <summary>The parameters of a request to the API. What is wrong with one is an <see cref="ApiProblemException"/>.</summary>
internal sealed class ApiQuery
{
    /// <summary>The longest page.</summary>
    public const int MostItems = 1000;

    private readonly IQueryCollection query;
    private readonly TimeProvider time;

    /// <summary>The query of a request, in which there must be no parameters but these: a misspelt filter would select everything.</summary>
    public ApiQuery(HttpContext context, TimeProvider time, params IReadOnlyCollection<string> known)
    {
        query = context.Request.Query;
        this.time = time;
        if (query.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw Bad($"there is no parameter '{unknown}' here: {(known.Count == 0 ? "this path takes none" : string.Join(", ", known))}");
    }

    /// <summary>A parameter; null if it is absent.</summary>
    public string? Text(string name) => query[name] is { Count: > 0 } values ? values[^1] : null;

    /// <summary>All values of a parameter that may be repeated.</summary>
    public IEnumerable<string> Texts(string name) => query[name].OfType<string>();

    /// <summary>How many items are wanted.</summary>
    public int Limit(int absent) => Text("limit") is not { } text ? absent
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= MostItems ? number
        : throw Bad($"limit={text}: write a number from 1 to {MostItems}");

    /// <summary>A flag; false if it is absent.</summary>
    public bool Flag(string name) => Text(name) switch
    {
        null or "" or "false" or "0" => false,
        "true" or "1" => true,
        var text => throw Bad($"{name}={text} is neither true nor false"),
    };

    /// <summary>A time, absolute or so long ago; null if it is absent.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (Duration.TryParse(text, out TimeSpan ago, out _))
            return time.GetUtcNow() - ago;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at)
            ? at
            : throw Bad($"{name}={text} is no time: write one as 2026-01-31T12:00:00Z, or how long ago it is, as 36h or 7d");
    }

    /// <summary>One of some words; the first if the parameter is absent.</summary>
    public string Choice(string name, params IReadOnlyList<string> words) =>
        Text(name) is not { } text ? words[0] : words.Contains(text) ? text : throw Bad($"{name}={text}: write one of {string.Join(", ", words)}");

    /// <summary>The values of a parameter that may be repeated, of which each is a word for something.</summary>
    public IReadOnlyList<T> Words<T>(string name)
        where T : struct, Enum => [.. Texts(name).Select(text => Word<T>(name, text))];

    /// <summary>What a word stands for.</summary>
    public static T Word<T>(string name, string text)
        where T : struct, Enum =>
        Enum.GetValues<T>().Cast<T?>().FirstOrDefault(value => WordFor(value!.Value) == text) ?? throw Bad($"{name}={text}: write one of {string.Join(", ", Enum.GetValues<T>().Select(WordFor))}");

    /// <summary>The word for a value.</summary>
    public static string WordFor<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static ApiProblemException Bad(string message) => new(StatusCodes.Status400BadRequest, message);
}
