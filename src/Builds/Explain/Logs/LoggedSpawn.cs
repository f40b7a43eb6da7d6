using System.Text.Json.Serialization;

namespace RemoteExec.Builds.Explain.Logs;

/// <summary>An action as Bazel's execution log has it (--execution_log_json_file). What the log leaves out keeps the value it has here, for which it can't be init-only.</summary>
internal sealed record LoggedSpawn
{
    public IReadOnlyList<string> CommandArgs { get; set; } = [];

    public IReadOnlyList<Pair> EnvironmentVariables { get; set; } = [];

    public PlatformOf? Platform { get; set; }

    public IReadOnlyList<Input> Inputs { get; set; } = [];

    public IReadOnlyList<string> ListedOutputs { get; set; } = [];

    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public long TimeoutMillis { get; set; }

    public string Mnemonic { get; set; } = "";

    public string TargetLabel { get; set; } = "";

    /// <summary>Whether another build's result was taken.</summary>
    public bool CacheHit { get; set; }

    /// <summary>What earlier versions call it.</summary>
    public bool RemoteCacheHit { get; set; }

    /// <summary>False for what Bazel does by itself; earlier versions do not say so.</summary>
    public bool Cacheable { get; set; } = true;

    internal sealed record Pair(string Name, string Value);

    internal sealed record PlatformOf
    {
        public IReadOnlyList<Pair> Properties { get; set; } = [];
    }

    internal sealed record Input
    {
        public string Path { get; set; } = "";

        public ContentOf? Digest { get; set; }

        public string? SymlinkTargetPath { get; set; }

        public bool IsTool { get; set; }
    }

    internal sealed record ContentOf
    {
        public string Hash { get; set; } = "";

        [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
        public long SizeBytes { get; set; }
    }
}
