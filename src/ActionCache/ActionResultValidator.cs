using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache;

/// <summary>Checks action results that come from outside before they are stored.</summary>
public static class ActionResultValidator
{
    /// <summary>
    /// Checks that a result is not empty (AC-09), that paths are relative, symlinks have targets, digests are well-formed and of the action's
    /// function, and inlined data is what the digest beside it names. On failure <paramref name="error"/> says in a sentence what is wrong.
    /// </summary>
    public static bool TryValidate(Reapi.ActionResult result, Digest action, [NotNullWhen(false)] out string? error)
    {
        if (result.CalculateSize() == 0)
            error = "the action result is empty: set at least one field, for example execution_metadata.worker";
        else if (ActionResultRefs.TryCollect(result, action, out _, out error))
            error = CheckPaths(result) ?? CheckInlined(result, action);
        return error is null;
    }

    private static string? CheckPaths(Reapi.ActionResult result)
    {
        foreach (string path in result.OutputFiles.Select(file => file.Path).Concat(SymlinksOf(result).Select(link => link.Path)))
        {
            if (path.Length == 0)
                return "an output has an empty path";
        }

        foreach (string path in result.OutputFiles.Select(file => file.Path)
            .Concat(result.OutputDirectories.Select(directory => directory.Path)).Concat(SymlinksOf(result).Select(link => link.Path)))
        {
            if (path.StartsWith('/'))
                return $"the path of output '{path}' is absolute: it has to be relative to the working directory";
            if (path.Contains('\0'))
                return $"the path of output '{path}' contains a NUL character";
        }

        return SymlinksOf(result).FirstOrDefault(link => link.Target.Length == 0) is { } bad ? $"output symlink '{bad.Path}' has no target" : null;
    }

    private static string? CheckInlined(Reapi.ActionResult result, Digest action)
    {
        foreach (Reapi.OutputFile file in result.OutputFiles)
        {
            if (CheckInlined(file.Contents, file.Digest, action, $"the contents of output file '{file.Path}'") is { } error)
                return error;
        }

        return CheckInlined(result.StdoutRaw, result.StdoutDigest, action, "stdout_raw")
            ?? CheckInlined(result.StderrRaw, result.StderrDigest, action, "stderr_raw");
    }

    private static string? CheckInlined(ByteString content, Reapi.Digest? digest, Digest action, string name)
    {
        if (content.IsEmpty || digest is null || action.SiblingOf(content.Span).ToProto().Equals(digest))
            return null;
        return $"{name} has {content.Length} bytes and is not what its digest {digest.Hash}/{digest.SizeBytes} names";
    }

#pragma warning disable CS0612 // results of clients of the 2.0 API have their symlinks in the deprecated lists
    private static IEnumerable<Reapi.OutputSymlink> SymlinksOf(Reapi.ActionResult result) =>
        result.OutputSymlinks.Concat(result.OutputFileSymlinks).Concat(result.OutputDirectorySymlinks);
#pragma warning restore CS0612
}
