using System.Text.Json.Serialization;

namespace RemoteExec.Server.Auth.Audit;

/// <summary>A line of the audit log.</summary>
internal sealed record AuditEntry
{
    /// <summary>When.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What was done, or was to be done: <c>ac.write</c>, <c>operations.cancel</c>, <c>workers.drain</c>, <c>token.create</c>, …; of what was denied, the method or path.</summary>
    public required string What { get; init; }

    /// <summary>Who; null for who showed nothing good.</summary>
    public string? Caller { get; init; }

    /// <summary>How he has shown it.</summary>
    public string? Method { get; init; }

    /// <summary>From where he called, as far as that is known.</summary>
    public string? Peer { get; init; }

    /// <summary>The instance.</summary>
    public string? Instance { get; init; }

    /// <summary>What it was done to: an action, a build, a worker, a token.</summary>
    public string? Subject { get; init; }

    /// <summary><c>done</c> or <c>denied</c>.</summary>
    public required string Outcome { get; init; }

    /// <summary>Why it was denied.</summary>
    public string? Reason { get; init; }

    /// <summary>How many entries before it were left out, as there were too many at a time.</summary>
    public long? LeftOut { get; init; }
}

/// <summary>How entries stand in the file.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditEntry))]
internal sealed partial class AuditJson : JsonSerializerContext;
