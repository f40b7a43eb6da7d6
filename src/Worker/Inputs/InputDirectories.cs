using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>
/// Reads directories of input trees, and remembers those used last: a tree that was read before costs one look-up, however large it is. May be called
/// concurrently.
/// </summary>
/// <param name="cas">Where they come from.</param>
/// <param name="allowAbsoluteSymlinks">False to refuse symlinks with absolute targets (SYM-02).</param>
/// <param name="maxNodes">How many nodes the remembered directories may name, all together.</param>
internal sealed class InputDirectories(IBlobStore cas, bool allowAbsoluteSymlinks, int maxNodes)
{
    /// <summary>Some 50 MB of memory.</summary>
    public const int DefaultMaxNodes = 300_000;

    private static readonly MerkleTreeWalk limits = new();
    private readonly Lock gate = new(); // guards everything below
    private readonly Dictionary<Digest, LinkedListNode<InputDirectory>> known = [];
    private readonly LinkedList<InputDirectory> byUse = []; // the least recently used first
    private int nodes;

    /// <summary>Reads directories and, unless they are remembered, all beneath them; if asked to, also what lies beneath those that are remembered.</summary>
    /// <exception cref="InvalidActionException">A directory is none, or breaks a rule (DIR-01 to DIR-08, SYM-01, SYM-02), or the tree is too large.</exception>
    public async Task<InputReading> ReadAsync(IReadOnlyList<Digest> roots, bool deep, CancellationToken cancellationToken)
    {
        var reading = new InputReading();
        var seen = new HashSet<Digest>(roots);
        List<Digest> level = [.. seen];
        for (int depth = 0; level.Count > 0; depth++)
        {
            var next = new List<Digest>();
            foreach (Digest[] batch in level.Chunk(limits.BatchSize))
            {
                foreach (Digest child in await ReadAsync(batch, depth, deep, reading, cancellationToken))
                {
                    if (seen.Add(child))
                        next.Add(child);
                }
            }

            if (seen.Count > limits.MaxDirectories)
                throw new InvalidActionException($"the input root has more than {limits.MaxDirectories} different directories");
            level = next;
        }

        Complete(reading);
        return reading;
    }

    /// <summary>Reads what is not remembered of a level, and returns the subdirectories that are to be read as well.</summary>
    private async Task<List<Digest>> ReadAsync(Digest[] batch, int depth, bool deep, InputReading reading, CancellationToken cancellationToken)
    {
        var next = new List<Digest>();
        InputDirectory?[] remembered = Array.ConvertAll(batch, Find);
        Reapi.Directory?[] messages = await Task.WhenAll(batch.Select((digest, i) => remembered[i] is null
            ? BlobMessages.ReadAsync(cas, digest, Reapi.Directory.Parser, "directory", cancellationToken).AsTask()
            : Task.FromResult<Reapi.Directory?>(null)));
        for (int i = 0; i < batch.Length; i++)
        {
            CheckDepth(batch[i], depth + (remembered[i]?.Depth ?? 0));
            if (remembered[i] is { } directory)
            {
                reading.Directories.Add(batch[i], directory);
                if (deep)
                    next.AddRange(directory.Directories.Select(child => child.Digest));
            }
            else if (messages[i] is not { } message)
            {
                reading.Missing.Add(batch[i]);
            }
            else if (!DirectoryValidator.TryValidate(message, batch[i], allowAbsoluteSymlinks, out string? error))
            {
                throw new InvalidActionException($"input directory {batch[i]}: {error}");
            }
            else
            {
                reading.Messages.Add(batch[i], message);
                next.AddRange(message.Directories.Select(child => InputReading.Sibling(batch[i], child.Digest)));
            }
        }

        return next;
    }

    private static void CheckDepth(Digest digest, int depth)
    {
        if (depth > limits.MaxDepth)
            throw new InvalidActionException($"input directory {digest}: it is deeper than {limits.MaxDepth} directories");
    }

    /// <summary>Makes directories of messages, the innermost first, as far as nothing is missing beneath.</summary>
    private void Complete(InputReading reading)
    {
        var todo = new Stack<Digest>(reading.Messages.Keys);
        var incomplete = new HashSet<Digest>(reading.Missing);
        while (todo.TryPeek(out Digest digest))
        {
            if (reading.Directories.ContainsKey(digest) || incomplete.Contains(digest))
            {
                todo.Pop();
                continue;
            }

            Reapi.Directory message = reading.Messages[digest];
            Digest[] children = [.. message.Directories.Select(child => InputReading.Sibling(digest, child.Digest)).Distinct()];
            Digest[] open = [.. children.Where(child => !reading.Directories.ContainsKey(child) && !incomplete.Contains(child))];
            if (open.Length > 0)
            {
                foreach (Digest child in open)
                    todo.Push(child);
            }
            else if (children.Any(incomplete.Contains))
            {
                incomplete.Add(digest);
            }
            else
            {
                var directory = new InputDirectory(digest, message, child => reading.Directories[child]);
                CheckDepth(digest, directory.Depth);
                reading.Directories.Add(digest, directory);
                Remember(directory);
            }
        }
    }

    private InputDirectory? Find(Digest digest)
    {
        lock (gate)
        {
            if (!known.TryGetValue(digest, out LinkedListNode<InputDirectory>? node))
                return null;
            byUse.Remove(node);
            byUse.AddLast(node);
            return node.Value;
        }
    }

    private void Remember(InputDirectory directory)
    {
        lock (gate)
        {
            if (known.ContainsKey(directory.Digest))
                return; // somebody else has read it meanwhile
            known.Add(directory.Digest, byUse.AddLast(directory));
            nodes += directory.OwnNodes;
            while (nodes > maxNodes && byUse.First is { } oldest)
            {
                byUse.Remove(oldest);
                known.Remove(oldest.Value.Digest);
                nodes -= oldest.Value.OwnNodes;
            }
        }
    }
}
