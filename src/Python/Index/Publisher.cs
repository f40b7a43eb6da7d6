using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Names;
using RemoteExec.Python.Wheels;

namespace RemoteExec.Python.Index;

/// <summary>Puts distributions into an index, marks them and takes them away.</summary>
/// <param name="editor">Changes the index.</param>
/// <param name="cas">Where files go.</param>
/// <param name="instance">The instance that the index is in.</param>
/// <param name="time">The clock.</param>
public sealed class Publisher(IndexEditor editor, IBlobStore cas, InstanceName instance, TimeProvider time)
{
    private const int BufferBytes = 256 * 1024;
    private const int MaxNote = 1000; // characters

    /// <summary>Puts files into the index, all of them or none. What is in it already is uploaded again if the CAS has lost it.</summary>
    /// <param name="files">The files.</param>
    /// <param name="channel">The channel of which they become builds: each the next one of its project, or, if there is one of that revision, that one; null for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the index knows of each, and whether it was not in it before.</returns>
    /// <exception cref="PythonIndexException">The name of one stands for another content, or one can't be a build of the channel.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<IReadOnlyList<(FileRecord Record, bool IsNew)>> AddAsync(IReadOnlyList<LocalDistribution> files, ChannelBuild? channel, CancellationToken cancellationToken)
    {
        List<(FileRecord Record, bool IsNew)> added = [];
        string note = $"pypi add {string.Join(' ', files.Take(10).Select(file => file.Name.FileName))}{(files.Count > 10 ? $" and {files.Count - 10} more" : "")}{(channel is null ? "" : $" to {channel.Channel}")}";
        await editor.ChangeAsync(
            note.Length <= MaxNote ? note : note[..MaxNote],
            async tree =>
            {
                added.Clear(); // somebody was faster
                foreach (IGrouping<ProjectName, LocalDistribution> group in files.GroupBy(file => file.Name.Project))
                {
                    IndexedProject before = await tree.ReadAsync(group.Key, cancellationToken), project = before;
                    foreach (LocalDistribution file in group)
                    {
                        (LocalDistribution what, FileRecord record) = channel is null ? (file, RecordOf(file)) : await BuildAsync(before, file, channel, cancellationToken);
                        (project, record, bool isNew) = await PutAsync(project, what, record, cancellationToken);
                        added.Add((record, isNew));
                    }

                    if (!ReferenceEquals(project, before))
                        tree = await tree.WithAsync(group.Key, project, cancellationToken);
                }

                return tree;
            },
            cancellationToken);
        return added;
    }

    /// <summary>Marks the files of a version, or one file, as not to be used any more (PEP 592), or takes that mark away.</summary>
    /// <param name="name">The project.</param>
    /// <param name="which">The version, or the name of the file.</param>
    /// <param name="reason">Why, which may be no word; null to take the mark away.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The files that are marked so now.</returns>
    /// <exception cref="PythonIndexException">There is no such file.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public Task<IReadOnlyList<FileRecord>> YankAsync(ProjectName name, string which, string? reason, CancellationToken cancellationToken) =>
        ChangeAsync(name, which, $"pypi {(reason is null ? "unyank" : "yank")} {name} {which}", (project, record) => project.With(record with { Yanked = reason }), cancellationToken);

    /// <summary>Takes the files of a version, or one file, away. Their names are not given to anything else.</summary>
    /// <param name="name">The project.</param>
    /// <param name="which">The version, or the name of the file.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The files that are gone.</returns>
    /// <exception cref="PythonIndexException">There is no such file.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public Task<IReadOnlyList<FileRecord>> RemoveAsync(ProjectName name, string which, CancellationToken cancellationToken) =>
        ChangeAsync(name, which, $"pypi remove {name} {which}", (project, record) => project.Without(record.Name, isForgotten: false).With(record with { Removed = true }), cancellationToken);

    private async Task<(LocalDistribution Built, FileRecord Record)> BuildAsync(IndexedProject before, LocalDistribution file, ChannelBuild wanted, CancellationToken cancellationToken)
    {
        string revision = wanted.Revision.ToLowerInvariant();
        FileRecord[] builds = [.. before.Records.Where(record => record.Channel == wanted.Channel.Value)];
        FileRecord? newest = builds.MaxBy(record => record.Build), same = builds.FirstOrDefault(record => record.Revision == revision);
        long build = same?.Build ?? (newest?.Build ?? 0) + 1;
        PythonVersion version = file.Name.Version.WithLocal(wanted.Channel.LocalOf(build, revision));
        if (same is null && newest?.Version is { } latest && PythonVersion.TryParse(latest)!.CompareTo(version) > 0)
            throw new PythonIndexException($"channel '{wanted.Channel}' of {file.Name.Project} is at {latest}, before which {version} sorts: who asks for the newest would not get it; raise the version, or write another channel");
        LocalDistribution built = await file.WithVersionAsync(version, wanted.WorkDirectory, cancellationToken);
        FileRecord record = RecordOf(built) with { Channel = wanted.Channel.Value, Build = build, Revision = revision, BuiltFrom = HashOf(file) };
        if (before.Find(record.Name) is { } known && known.Sha256 != record.Sha256)
            throw new PythonIndexException($"build {build} of channel '{wanted.Channel}' is of revision {revision} as well, with another content of {file.Name.FileName}: a revision has one content for good; write another one");
        return (built, record);
    }

    private async Task<(IndexedProject Changed, FileRecord Added, bool IsNew)> PutAsync(IndexedProject project, LocalDistribution file, FileRecord record, CancellationToken cancellationToken)
    {
        FileRecord? known = project.Find(record.Name);
        if (known is not null && known.Sha256 != record.Sha256)
            throw new PythonIndexException($"{record.Name} has another content in the index (sha256 {known.Sha256}, not {record.Sha256}){(known.Removed ? ", though it was removed" : "")}: a file of an index stands for one content for good; raise the version");
        if (known is { Removed: true })
            throw new PythonIndexException($"{record.Name} was removed from the index: raise the version");
        bool isThere = known is not null && (project.ContentOf(record.Name) is not null || project.IsMadeOfDirectory(record.Name));
        if (file.Directory is { } directory)
        {
            Digest layout = await cas.StoreAsync(directory.Root, directory.Layout.Encode(), cancellationToken), described = await cas.StoreAsync(directory.Root, file.Metadata!, cancellationToken);
            return isThere ? (project, known!, false) : (project.WithDirectory(record, directory.Root, layout, described), record, true);
        }

        Digest content = await UploadAsync(file, cancellationToken);
        Digest? metadata = file.Metadata is { } about ? await cas.StoreAsync(content, about, cancellationToken) : null;
        return isThere ? (project, known!, false) : (project.With(record, content, metadata), record, true);
    }

    private async Task<IReadOnlyList<FileRecord>> ChangeAsync(ProjectName name, string which, string note, Func<IndexedProject, FileRecord, IndexedProject> change, CancellationToken cancellationToken)
    {
        List<string> names = [];
        PythonVersion? version = PythonVersion.TryParse(which);
        IndexedProject after = await editor.ChangeAsync(
            name, note,
            project =>
            {
                FileRecord[] meant = [.. project.Files.Where(record => record.Name == which || (version is not null && record.Version is { } text && version.Equals(PythonVersion.TryParse(text))))];
                if (meant.Length == 0)
                    throw new PythonIndexException($"the index has no '{which}' of {name}: name a version, or a file, that 'remoteexec pypi list' shows");
                names = [.. meant.Select(record => record.Name)];
                return Task.FromResult(meant.Aggregate(project, change));
            },
            cancellationToken);
        return [.. names.Select(file => after.Find(file)!)];
    }

    private FileRecord RecordOf(LocalDistribution file) => new(file.Name.FileName, HashOf(file), file.SizeBytes)
    {
        Version = file.Name.Version.ToString(),
        RequiresPython = file.RequiresPython,
        MetadataSha256 = file.Metadata is { } metadata ? Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(metadata)) : null,
        Added = time.GetUtcNow(),
    };

    private static string HashOf(LocalDistribution file) => Convert.ToHexStringLower(file.Sha256.Span);

    private async Task<Digest> UploadAsync(LocalDistribution file, CancellationToken cancellationToken)
    {
        var digest = Digest.Create(instance, DigestFunction.Sha256, file.Sha256.Span, file.SizeBytes);
        if (await cas.ContainsAsync(digest, cancellationToken))
            return digest;
        await using BlobWriter writer = await cas.OpenWriteAsync(digest, digest.SizeBytes, cancellationToken);
        await using FileStream content = File.OpenRead(file.Path);
        byte[] buffer = new byte[BufferBytes];
        for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0;)
            await writer.WriteAsync(new ReadOnlySequence<byte>(buffer, 0, read), cancellationToken);
        await writer.CommitAsync(cancellationToken);
        return digest;
    }
}
