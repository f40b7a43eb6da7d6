using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Makes sure that a prefix belongs to one node, or to nodes that all know that they share it: the object <c>owner</c> there has the node's name, which is in the file <c>node</c> of its directory, or
/// says <c>shared</c>. So nobody deletes what another one has just begun to rely on.
/// </summary>
internal sealed class PrefixOwner
{
    private const string Key = "owner";
    private const string SharedMark = "shared";
    private const int NameBytes = 256;

    private readonly S3StoreOptions options;
    private readonly Bucket bucket;
    private readonly ILogger logger;
    private readonly string claimPath;
    private readonly string name;

    /// <summary>Finds the name of the node in a directory, or makes one.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public PrefixOwner(S3StoreOptions options, string directory, Bucket bucket, ILogger logger)
    {
        this.options = options;
        this.bucket = bucket;
        this.logger = logger;
        claimPath = Path.Combine(directory, "claimed");
        string path = Path.Combine(directory, "node");
        if (!File.Exists(path) || !IsName(name = File.ReadAllText(path)))
        {
            name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            Write(path, name);
        }

        Node = uint.Parse(name.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    /// <summary>What stands for the node in the names of its packs.</summary>
    public uint Node { get; }

    /// <summary>The name of the node.</summary>
    public string Name => name;

    /// <summary>What the object says if the prefix is as this node needs it.</summary>
    private string Mark => options.Shared is null ? name : SharedMark;

    private string Place => $"{options.Endpoint}|{options.Bucket}|{options.Prefix}{(options.Shared is null ? "" : "|" + SharedMark)}";

    /// <summary>Makes the prefix this node's, or one that is shared, unless it is another's.</summary>
    /// <exception cref="PrefixOwnedException">It is.</exception>
    /// <exception cref="StoreUnavailableException">The bucket can't be reached, and the prefix was never this node's.</exception>
    public async Task ClaimAsync(CancellationToken cancellationToken)
    {
        try
        {
            string? owner = await ReadAsync(cancellationToken);
            if (owner is null)
            {
                await bucket.TryCreateAsync(Key, Mark, cancellationToken);
                owner = await ReadAsync(cancellationToken); // not every service knows conditions: what is there now counts
            }
            else if (owner != Mark && options.TakeOver)
            {
                CasLog.PrefixTakenOver(logger, options.Name, options.Prefix, owner);
                await bucket.PutAsync(Key, Mark, cancellationToken);
                owner = Mark;
            }

            if (owner != Mark)
                throw new PrefixOwnedException(options.Bucket, options.Prefix, owner ?? "(nobody)", owner == SharedMark);
            Write(claimPath, Place);
        }
        catch (StoreUnavailableException fault) when (File.Exists(claimPath) && File.ReadAllText(claimPath) == Place)
        {
            CasLog.BucketAwayAtStart(logger, options.Name, fault.Message);
        }
    }

    /// <summary>True if the prefix is still this node's, or shared.</summary>
    /// <exception cref="StoreUnavailableException">The bucket can't be reached.</exception>
    public async Task<bool> IsOwnerAsync(CancellationToken cancellationToken) => await ReadAsync(cancellationToken) == Mark;

    private async Task<string?> ReadAsync(CancellationToken cancellationToken) =>
        await bucket.GetAsync(Key, 0, NameBytes, cancellationToken) is { } content ? Encoding.ASCII.GetString(content) : null;

    /// <summary>Replaces a file, whole or not at all: with half a name the prefix would seem to be another node's.</summary>
    private static void Write(string path, string text)
    {
        using (FileStream stream = StoreDirectory.CreateFile(path + ".new"))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush();
            FileFlush.Run(stream.SafeFileHandle);
        }

        File.Move(path + ".new", path, overwrite: true);
        DirectoryFlush.Run(Path.GetDirectoryName(path)!);
    }

    private static bool IsName(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower);
}
