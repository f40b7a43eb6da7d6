namespace RemoteExec.Execution.Actions;

/// <summary>
/// Checks a command before it is queued. What can only be told with the inputs at hand is left to the worker. Order of lists is not checked:
/// it is there so that equal commands have equal digests, and another order does no harm.
/// </summary>
internal static class CommandValidator
{
    /// <summary>The first thing that is wrong with a command, as a sentence; null if nothing is (CMD-01 to CMD-08).</summary>
    public static string? FindProblem(Reapi.Command command, IReadOnlyCollection<string> supportedNodeProperties)
    {
        if (command.Arguments.Count == 0 || command.Arguments[0].Length == 0)
            return "arguments: there is no program to run";
        if (command.Arguments.Any(argument => argument.Contains('\0')))
            return "arguments: one contains a NUL character";
        foreach (Reapi.Command.Types.EnvironmentVariable variable in command.EnvironmentVariables)
        {
            if (variable.Name.Length == 0 || variable.Name.AsSpan().ContainsAny('=', '\0') || variable.Value.Contains('\0'))
                return $"environment_variables: '{variable.Name}' can't be set: a name is not empty, and has neither '=' nor NUL; a value has no NUL";
        }

        return FindWorkingDirectoryProblem(command.WorkingDirectory)
            ?? FindOutputProblem(command)
            ?? FindNodePropertyProblem(command, supportedNodeProperties);
    }

    // "." is sent for the input root (Q-51). That the directory exists is not asked: the worker makes it (CMD-07, lenient).
    private static string? FindWorkingDirectoryProblem(string directory) =>
        directory.Length == 0 || PathProblem(directory, depth: 0) is not { } problem ? null : $"working_directory '{directory}' {problem}";

    private static string? FindOutputProblem(Reapi.Command command)
    {
        int depth = DepthOf(command.WorkingDirectory);
        if (command.OutputPaths.Count > 0)
            return FindPathProblem("output_paths", command.OutputPaths, depth) ?? FindDuplicate("output_paths", command.OutputPaths);

#pragma warning disable CS0612 // deprecated, but still sent
        IReadOnlyList<string> files = command.OutputFiles;
        IReadOnlyList<string> directories = command.OutputDirectories;
#pragma warning restore CS0612
        return FindPathProblem("output_files", files, depth)
            ?? FindPathProblem("output_directories", directories.Where(path => path.Length > 0), depth)
            ?? FindDuplicate("output_files", files)
            ?? FindOverlap(files, directories);
    }

    private static string? FindPathProblem(string field, IEnumerable<string> paths, int depth)
    {
        foreach (string path in paths)
        {
            if (PathProblem(path, depth) is { } problem)
                return $"{field}: '{path}' {problem}";
        }

        return null;
    }

    private static string? FindDuplicate(string field, IReadOnlyList<string> paths)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return paths.FirstOrDefault(path => !seen.Add(path)) is { } twice ? $"{field}: '{twice}' is there twice" : null;
    }

    // CMD-05: a file can't be a directory too, nor stand inside another file.
    private static string? FindOverlap(IReadOnlyList<string> files, IReadOnlyList<string> directories)
    {
        var all = new HashSet<string>(files, StringComparer.Ordinal);
        foreach (string directory in directories)
        {
            if (all.Contains(directory))
                return $"'{directory}' is in output_files and in output_directories";
            if (FindParent(directory, all) is { } parent)
                return $"output_files: '{parent}' would have to be the parent of '{directory}'";
        }

        foreach (string file in files)
        {
            if (FindParent(file, all) is { } parent)
                return $"output_files: '{parent}' would have to be the parent of '{file}'";
        }

        return null;
    }

    private static string? FindParent(string path, HashSet<string> files)
    {
        for (int slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            if (files.Contains(path[..slash]))
                return path[..slash];
        }

        return null;
    }

    private static string? FindNodePropertyProblem(Reapi.Command command, IReadOnlyCollection<string> supported) =>
        command.OutputNodeProperties.FirstOrDefault(name => !supported.Contains(name)) is { } unknown
            ? $"output_node_properties: '{unknown}' is not supported; supported: {(supported.Count == 0 ? "(none)" : string.Join(", ", supported))}"
            : null;

    // What is wrong with a path relative to a directory `depth` levels below the input root; null if nothing (CMD-04).
    private static string? PathProblem(string path, int depth)
    {
        if (path.Length == 0)
            return "is empty";
        if (path[0] == '/')
            return "is absolute: write it relative, without a leading slash";
        if (path[^1] == '/')
            return "ends in a slash";
        if (path.Contains('\0'))
            return "contains a NUL character";
        foreach (Range range in path.AsSpan().Split('/'))
        {
            ReadOnlySpan<char> segment = path.AsSpan(range);
            if (segment.IsEmpty)
                return "has an empty segment";
            if (segment is "..")
                depth--;
            else if (segment is not ".")
                depth++;
            if (depth < 0)
                return "leads out of the input root";
        }

        return null;
    }

    private static int DepthOf(string directory)
    {
        int depth = 0;
        foreach (Range range in directory.AsSpan().Split('/'))
        {
            ReadOnlySpan<char> segment = directory.AsSpan(range);
            if (segment is "..")
                depth--;
            else if (segment is not ("" or "."))
                depth++;
        }

        return depth;
    }
}
