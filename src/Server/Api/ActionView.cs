namespace RemoteExec.Server.Api;

/// <summary>What is known of an action: each part is null if the cache does not have it, as clients that only cache upload neither action nor command.</summary>
/// <param name="Digest">The action's digest, <c>hash/size</c>.</param>
/// <param name="Action">The action.</param>
/// <param name="Command">Its command.</param>
/// <param name="Result">Its cached result.</param>
internal sealed record ActionView(string Digest, ActionContent? Action, CommandContent? Command, ResultContent? Result);

/// <summary>An action.</summary>
/// <param name="CommandDigest">The digest of its command.</param>
/// <param name="InputRootDigest">The digest of its input root, a directory.</param>
/// <param name="TimeoutSeconds">How long it may run; null if it says nothing of it.</param>
/// <param name="DoNotCache">True if its result is not to be cached.</param>
/// <param name="Salt">Its salt as hexadecimal digits; null if it has none.</param>
/// <param name="Platform">What it asks for.</param>
internal sealed record ActionContent(string CommandDigest, string InputRootDigest, double? TimeoutSeconds, bool DoNotCache, string? Salt, IReadOnlyList<NameValue> Platform);

/// <summary>A command.</summary>
/// <param name="Arguments">The program and its arguments.</param>
/// <param name="Environment">Its variables.</param>
/// <param name="WorkingDirectory">Relative to the input root; empty for the root itself.</param>
/// <param name="OutputPaths">What it declares to make.</param>
/// <param name="Platform">What it asks for, as older clients say it here.</param>
internal sealed record CommandContent(
    IReadOnlyList<string> Arguments, IReadOnlyList<NameValue> Environment, string WorkingDirectory, IReadOnlyList<string> OutputPaths, IReadOnlyList<NameValue> Platform);

/// <summary>A cached result.</summary>
/// <param name="ExitCode">The exit code of the command.</param>
/// <param name="Files">Its output files.</param>
/// <param name="Directories">Its output directories, each a Tree.</param>
/// <param name="Symlinks">Its output symlinks.</param>
/// <param name="StdoutDigest">Its standard output; null if that is empty, or stands in <paramref name="Stdout"/>.</param>
/// <param name="StderrDigest">Its standard error, the same way.</param>
/// <param name="Stdout">Its standard output, if the result has it inside.</param>
/// <param name="Stderr">Its standard error, if the result has it inside.</param>
/// <param name="Execution">How it was executed; null if the client did not tell.</param>
internal sealed record ResultContent(
    int ExitCode, IReadOnlyList<OutputFileContent> Files, IReadOnlyList<OutputDirectoryContent> Directories, IReadOnlyList<OutputSymlinkContent> Symlinks,
    string? StdoutDigest, string? StderrDigest, string? Stdout, string? Stderr, ExecutionContent? Execution);

/// <summary>An output file.</summary>
internal sealed record OutputFileContent(string Path, string Digest, bool IsExecutable);

/// <summary>An output directory.</summary>
internal sealed record OutputDirectoryContent(string Path, string TreeDigest);

/// <summary>An output symlink.</summary>
internal sealed record OutputSymlinkContent(string Path, string Target);

/// <summary>How an action was executed; a time is null if it was not told.</summary>
internal sealed record ExecutionContent(
    string Worker, DateTimeOffset? Queued, DateTimeOffset? WorkerStart, DateTimeOffset? InputFetchStart, DateTimeOffset? InputFetchCompleted, DateTimeOffset? ExecutionStart,
    DateTimeOffset? ExecutionCompleted, DateTimeOffset? OutputUploadStart, DateTimeOffset? OutputUploadCompleted, DateTimeOffset? WorkerCompleted);

/// <summary>A name and its value.</summary>
internal sealed record NameValue(string Name, string Value);
