using Google.Protobuf;
using RemoteExec.Protocol;

namespace RemoteExec.Images.Trees;

/// <summary>Makes a tree out of the message that has all of it.</summary>
internal static class TreeMessage
{
    /// <summary>Reads a message that <see cref="MerkleTree.ToTree"/> has made; null if it is not complete.</summary>
    public static ImageDirectory? Read(Reapi.Tree tree, InstanceName instance, DigestFunction function)
    {
        Dictionary<Digest, Reapi.Directory> children = tree.Children.DistinctBy(child => child.ToByteString()).ToDictionary(child => IncrementalHasher.Compute(instance, function, child.ToByteArray()));
        Digest self = IncrementalHasher.Compute(instance, function, []);
        var root = new ImageDirectory();
        return Fill(root, tree.Root, self, children) ? root : null;
    }

    private static bool Fill(ImageDirectory directory, Reapi.Directory message, Digest self, Dictionary<Digest, Reapi.Directory> children)
    {
        foreach (Reapi.FileNode file in message.Files)
        {
            if (!self.TryParseSibling(file.Digest, out Digest digest, out _))
                return false;
            directory.Children[file.Name] = new ImageFile(digest, file.IsExecutable);
        }

        foreach (Reapi.SymlinkNode link in message.Symlinks)
            directory.Children[link.Name] = new ImageSymlink(link.Target);
        foreach (Reapi.DirectoryNode child in message.Directories)
        {
            bool isGood = self.TryParseSibling(child.Digest, out Digest digest, out _) && children.TryGetValue(digest, out Reapi.Directory? content)
                && Fill(directory.Make(child.Name, ""), content, self, children);
            if (!isGood)
                return false;
        }

        return true;
    }
}
