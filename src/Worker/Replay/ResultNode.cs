using Google.Protobuf;
using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Replay;

/// <summary>A file, a directory or a symlink among the outputs of a result.</summary>
/// <param name="Kind">Which of them.</param>
internal sealed record ResultNode(FileKind Kind)
{
    /// <summary>The content of a file; null for anything else, and for a directory of which that is all that is known.</summary>
    public Digest? Digest { get; init; }

    /// <summary>The content, where that is known without asking for it.</summary>
    public ByteString? Raw { get; init; }

    /// <summary>Whether a file can be executed.</summary>
    public bool IsExecutable { get; init; }

    /// <summary>Where a symlink leads to.</summary>
    public string? Target { get; init; }

    /// <summary>Where it is on this machine; null if it is not here.</summary>
    public string? Place { get; init; }

    /// <summary>True for a directory whose content is not known.</summary>
    public bool IsUnknown { get; init; }

    /// <summary>What it is, for people.</summary>
    public string Word => Kind switch
    {
        FileKind.Directory => "a directory",
        FileKind.Symlink => "a symlink",
        _ => "a file",
    };

    /// <summary>A path in an output; either may be empty.</summary>
    public static string Join(string output, string relative) => output.Length == 0 || relative.Length == 0 ? output + relative : $"{output}/{relative}";
}
