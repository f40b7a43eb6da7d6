using System.Globalization;
using Microsoft.AspNetCore.Http;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Services;

/// <summary>The parameters of a request to the <see cref="OperatorEndpoints"/>. What is wrong with one is an <see cref="OperatorRequestException"/>.</summary>
internal sealed class OperatorQuery
{
    private readonly HttpContext context;

    private OperatorQuery(HttpContext context) => this.context = context;

    /// <summary>Fires when the client has gone.</summary>
    public CancellationToken CancellationToken => context.RequestAborted;

    /// <summary>The query of a request, in which there must be no parameters but these: a misspelt filter would select everything.</summary>
    public static OperatorQuery Of(HttpContext context, IReadOnlyCollection<string> known)
    {
        string? unknown = context.Request.Query.Keys.FirstOrDefault(name => !known.Contains(name));
        return unknown is null
            ? new OperatorQuery(context)
            : throw new OperatorRequestException($"there is no parameter '{unknown}' here: {(known.Count == 0 ? "this path takes none" : string.Join(", ", known))}");
    }

    /// <summary>A parameter; empty if it is absent.</summary>
    public string Text(string name) => context.Request.Query[name] is { Count: > 0 } values ? values[^1] ?? "" : "";

    /// <summary>A number; 0 if it is absent.</summary>
    public int Number(string name) => Text(name) is var text && text.Length == 0 ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
        : throw new OperatorRequestException($"{name}={text} is no number");

    /// <summary>A flag; false if it is absent.</summary>
    public bool Flag(string name) => Text(name) switch
    {
        "" or "false" or "0" => false,
        "true" or "1" => true,
        var text => throw new OperatorRequestException($"{name}={text} is neither true nor false"),
    };

    /// <summary>The properties of the parameters <c>platform=name=value</c>.</summary>
    public IEnumerable<Property> Platform() => context.Request.Query["platform"].Select(text => PlatformArgument.Parse(text ?? ""));
}
