using Google.Protobuf.WellKnownTypes;
using RemoteExec.Native;

namespace RemoteExec.Worker.Outputs;

/// <summary>Describes single files and symlinks among outputs, alone or within an output directory.</summary>
internal sealed class OutputNodes(OutputRoot root, ActionCommand command, bool allowAbsoluteSymlinks)
{
    /// <summary>The properties that the command asks for; null if none (OUT-13).</summary>
    public Reapi.NodeProperties? PropertiesOf(FileStatus status)
    {
        if (!command.WantsModificationTime && !command.WantsUnixMode)
            return null;
        var properties = new Reapi.NodeProperties();
        if (command.WantsModificationTime)
            properties.Mtime = new Timestamp { Seconds = status.ModifiedSeconds, Nanos = status.ModifiedNanoseconds };
        if (command.WantsUnixMode)
            properties.UnixMode = (uint)status.Mode;
        return properties;
    }

    /// <summary>
    /// The target of a symlink as the result has it: unchanged (SYM-01), but for an absolute one that leads into the action's own tree. Nobody
    /// else has that tree at that path, so the target becomes relative.
    /// </summary>
    /// <exception cref="BadOutputException">It is no UTF-8, or absolute where that is not allowed.</exception>
    public string TargetOf(string path)
    {
        string target = FileStatus.TargetOf(path) ?? throw new BadOutputException($"the target of symlink '{Display(path)}' is no UTF-8");
        if (!target.StartsWith('/'))
            return target;
        if (root.Translate(target) is { } inside)
            return Path.GetRelativePath(Path.GetDirectoryName(path)!, inside);
        if (!allowAbsoluteSymlinks)
            throw new BadOutputException($"symlink '{Display(path)}' has the absolute target '{target}': this server allows relative ones only");
        return target;
    }

    /// <summary>The path as the client knows it.</summary>
    public string Display(string path) => Path.GetRelativePath(root.Path, path);

    /// <summary>Says that a thing can't be an output.</summary>
    public static BadOutputException Special(string path) =>
        new($"'{Path.GetFileName(path)}' is a socket, a pipe or a device: only files, directories and symlinks can be outputs");
}
