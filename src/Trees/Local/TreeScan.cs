using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Local;

/// <summary>Reads directories, several at a time: what is in them and in what state it is, but no file.</summary>
/// <param name="options">What is left out.</param>
internal sealed class TreeScan(ScanOptions options)
{
    private const char Replacement = '\ufffd'; // which servers take for a name that was no UTF-8
    private readonly ConcurrentBag<string> skipped = [];

    /// <summary>Reads a directory and all below it.</summary>
    /// <param name="directory">Its absolute path.</param>
    /// <param name="options">What is left out.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">Something in it can't be in a tree.</exception>
    /// <exception cref="IOException">Something can't be read.</exception>
    public static LocalTree Run(string directory, ScanOptions options, CancellationToken cancellationToken) => new TreeScan(options).Run(directory, cancellationToken);

    private LocalTree Run(string directory, CancellationToken cancellationToken)
    {
        IgnoreRules? rules = options.Exclude.Count > 0 ? IgnoreRules.Of(null, "", options.Exclude) : null;
        var levels = new List<IReadOnlyList<LocalDirectory>>();
        IReadOnlyList<LocalDirectory> level = [new LocalDirectory("", "", directory, null)];
        try
        {
            for (; level.Count > 0; level = [.. level.SelectMany(parent => parent.Directories)])
            {
                levels.Add(level);
                if (level.Count == 1)
                    Read(level[0], rules);
                else
                    Parallel.ForEach(level, new ParallelOptions { CancellationToken = cancellationToken }, next => Read(next, rules));
            }
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.Flatten().InnerExceptions[0]);
        }

        return new LocalTree(levels, [.. skipped.Order(Utf8Order.Instance)]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a command that runs for a third of a second has no time to find out what is hot
    private void Read(LocalDirectory directory, IgnoreRules? first)
    {
        List<DirectoryEntry> entries = DirectoryEntries.Of(directory.FullPath);
        AddRules(directory, entries);
        foreach (DirectoryEntry entry in entries)
        {
            string path = directory.PathOf(entry.Name);
            bool isDirectory = entry.Status.Kind == FileKind.Directory;
            if ((options.ReadsGitIgnore && entry.Name == ".git") || (first?.Decide(path, isDirectory) ?? directory.Rules?.Decide(path, isDirectory) ?? false))
                continue;
            if (!entry.IsUtf8 || entry.Name.Contains(Replacement))
                Skip(path, "its name is no UTF-8");
            else
                Add(directory, entry, path);
        }

        directory.Directories.Sort(static (left, right) => Utf8Order.Instance.Compare(left.Name, right.Name));
        directory.Files.Sort(static (left, right) => Utf8Order.Instance.Compare(left.Name, right.Name));
        directory.Symlinks.Sort(static (left, right) => Utf8Order.Instance.Compare(left.Name, right.Name));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(LocalDirectory directory, DirectoryEntry entry, string path)
    {
        switch (entry.Status.Kind)
        {
            case FileKind.Directory:
                directory.Directories.Add(new LocalDirectory(entry.Name, path, $"{directory.FullPath}/{entry.Name}", directory.Rules));
                break;
            case FileKind.File:
                directory.Files.Add(new LocalFile(directory, entry.Name, entry.Status));
                break;
            case FileKind.Symlink when FileStatus.TargetOf($"{directory.FullPath}/{entry.Name}") is { } target && !target.Contains(Replacement):
                directory.Symlinks.Add((entry.Name, target));
                break;
            case FileKind.Symlink:
                Skip(path, "it leads to a name that is no UTF-8");
                break;
            default:
                Skip(path, "it is no file, directory or symlink");
                break;
        }
    }

    private void AddRules(LocalDirectory directory, List<DirectoryEntry> entries)
    {
        if (!options.ReadsIgnoreFiles)
            return;
        string prefix = directory.Path.Length == 0 ? "" : directory.Path + "/";
        foreach (string file in options.ReadsGitIgnore ? [".gitignore", ScanOptions.IgnoreFile] : new[] { ScanOptions.IgnoreFile })
        {
            if (entries.Exists(entry => entry.Name == file && entry.Status.Kind == FileKind.File))
                directory.Rules = IgnoreRules.Of(directory.Rules, prefix, File.ReadLines($"{directory.FullPath}/{file}"));
        }
    }

    private void Skip(string path, string why)
    {
        if (!options.SkipsSpecial)
            throw new TreeException($"'{path}' can't be in a tree: {why}; leave such out with --skip-special, or this one with --exclude");
        skipped.Add(path);
    }
}
