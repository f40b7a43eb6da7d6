namespace RemoteExec.Worker;

/// <summary>A path at which an action may leave an output.</summary>
/// <param name="Path">As the command has it: relative to the working directory; empty for that directory itself.</param>
/// <param name="Kind">What may be there.</param>
internal sealed record DeclaredOutput(string Path, DeclaredOutput.Kinds Kind)
{
    /// <summary>What a command may say of the kind of an output.</summary>
    public enum Kinds
    {
        /// <summary>A file, a directory or a symlink, whichever it is: <c>output_paths</c>.</summary>
        Any,

        /// <summary>A file: <c>output_files</c>.</summary>
        File,

        /// <summary>A directory: <c>output_directories</c>.</summary>
        Directory,
    }

    /// <summary>The outputs of a command: its <c>output_paths</c> or, without any, the older fields (CMD-03).</summary>
    /// <exception cref="InvalidActionException">A path breaks a rule (CMD-04, CMD-05).</exception>
    public static IReadOnlyList<DeclaredOutput> Of(Reapi.Command command)
    {
#pragma warning disable CS0612 // deprecated in the API, but still what older clients send
        List<DeclaredOutput> outputs = command.OutputPaths.Count > 0
            ? [.. command.OutputPaths.Distinct(StringComparer.Ordinal).Select(path => new DeclaredOutput(path, Kinds.Any))]
            : [.. command.OutputFiles.Select(path => new DeclaredOutput(path, Kinds.File)),
                .. command.OutputDirectories.Distinct(StringComparer.Ordinal).Select(path => new DeclaredOutput(path, Kinds.Directory))];
#pragma warning restore CS0612
        foreach (DeclaredOutput output in outputs)
            CheckPath(output);
        CheckFiles(outputs);
        return outputs;
    }

    private static void CheckPath(DeclaredOutput output)
    {
        ActionCommand.RefuseNul("an output path", output.Path);
        if (output.Path.StartsWith('/'))
            throw new InvalidActionException($"output paths are relative to the working directory, not absolute: '{output.Path}'");
        if (output.Path.EndsWith('/'))
            throw new InvalidActionException($"output paths have no slash at the end: '{output.Path}'");
        if (output.Kind == Kinds.File && output.Path.Length == 0)
            throw new InvalidActionException("the path of an output file is empty");
    }

    // The older fields say what is a file, so what contradicts that can be refused beforehand.
    private static void CheckFiles(List<DeclaredOutput> outputs)
    {
        HashSet<string> taken = PathsOf(Kinds.Directory);
        foreach (DeclaredOutput output in outputs.Where(output => output.Kind == Kinds.File))
        {
            if (!taken.Add(output.Path))
                throw new InvalidActionException($"output file '{output.Path}' is declared twice");
        }

        HashSet<string> files = PathsOf(Kinds.File);
        foreach (DeclaredOutput output in outputs)
        {
            for (int slash = output.Path.LastIndexOf('/'); slash > 0; slash = output.Path.LastIndexOf('/', slash - 1))
            {
                if (files.Contains(output.Path[..slash]))
                    throw new InvalidActionException($"output file '{output.Path[..slash]}' can't also be the directory of output '{output.Path}'");
            }
        }

        HashSet<string> PathsOf(Kinds kind) => new(outputs.Where(output => output.Kind == kind).Select(output => output.Path), StringComparer.Ordinal);
    }
}
