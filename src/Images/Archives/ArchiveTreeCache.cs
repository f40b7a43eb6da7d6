using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using RemoteExec.Images.Trees;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Images.Archives;

/// <summary>
/// The trees that archives came out as, in a directory of small files: what an archive holds follows from its checksum and from what the recipe wants of it. Whether the files of a
/// tree are in the CAS is another question. What can't be read counts as absent. Several processes may use one directory at a time.
/// </summary>
/// <param name="directory">The directory; it is made when something is kept.</param>
/// <param name="instance">The instance of the digests.</param>
/// <param name="function">The function of the digests.</param>
/// <param name="time">The clock.</param>
internal sealed class ArchiveTreeCache(string directory, InstanceName instance, DigestFunction function, TimeProvider time)
{
    private const string Version = "1"; // of what unpacking makes of an archive
    private const int MaxTrees = 2000;

    /// <summary>The tree that was kept for an archive; null if there is none.</summary>
    public async Task<ImageDirectory?> FindAsync(RecipeArchive archive, CancellationToken cancellationToken)
    {
        string path = PathOf(archive);
        try
        {
            if (!File.Exists(path))
                return null;
            byte[] content = await File.ReadAllBytesAsync(path, cancellationToken);
            if (content.Length < SHA256.HashSizeInBytes || !SHA256.HashData(content.AsSpan(SHA256.HashSizeInBytes)).AsSpan().SequenceEqual(content.AsSpan(0, SHA256.HashSizeInBytes)))
                return null;
            File.SetLastWriteTimeUtc(path, time.GetUtcNow().UtcDateTime);
            return TreeMessage.Read(Reapi.Tree.Parser.ParseFrom(content.AsSpan(SHA256.HashSizeInBytes)), instance, function);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException || MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }

    /// <summary>Keeps a tree; those that were not used for longest make room.</summary>
    /// <exception cref="ImageException">It can't be written.</exception>
    public async Task KeepAsync(RecipeArchive archive, ImageDirectory tree, CancellationToken cancellationToken)
    {
        byte[] content = tree.ToMerkleTree(instance, function).ToTree().ToByteArray();
        string path = PathOf(archive), unfinished = $"{path}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(directory);
            await File.WriteAllBytesAsync(unfinished, [.. SHA256.HashData(content), .. content], cancellationToken);
            File.Move(unfinished, path, overwrite: true);
            MakeRoom();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"the cache {directory} can't be written to: {exception.Message}", exception);
        }
    }

    private void MakeRoom()
    {
        FileInfo[] files = new DirectoryInfo(directory).GetFiles();
        foreach (FileInfo old in files.OrderBy(file => file.LastWriteTimeUtc).Take(Math.Max(0, files.Length - MaxTrees)))
            old.Delete();
    }

    private string PathOf(RecipeArchive archive)
    {
        string key = string.Join('\n', [Version, function.Name(), archive.Sha256, ArchiveTypes.Name(archive.Type), archive.Prefix, $"{archive.Strip}", .. archive.Exclude.Select(pattern => pattern.Text)]);
        return Path.Combine(directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))));
    }
}
