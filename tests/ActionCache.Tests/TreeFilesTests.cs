using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests;

public sealed class TreeFilesTests
{
    private static readonly Digest tree = TestBlob.Random(0, 10).Digest;

    [Fact]
    [Rule("AC-02")]
    public void All_files_of_a_tree_are_found()
    {
        Digest[] files = [.. Enumerable.Range(1, 3).Select(i => TestBlob.Random(i, 10).Digest)];

        Assert.Equal(files, TreeFiles.Of(Usual(files).ToByteArray(), tree));
    }

    [Fact]
    [Rule("AC-02")]
    public void Fields_of_a_version_to_come_change_nothing()
    {
        Digest[] files = [.. Enumerable.Range(1, 3).Select(i => TestBlob.Random(i, 10).Digest)];
        Reapi.Tree unusual = Usual(files);
        unusual.Root.Files[0].MergeFrom(new byte[] { 0x98, 0x3f, 0x2a });

        Assert.Equal(files, TreeFiles.Of(unusual.ToByteArray(), tree));
    }

    [Fact]
    [Rule("AC-02")]
    public void What_is_no_tree_or_has_a_malformed_digest_has_no_files()
    {
        Reapi.Tree malformed = Usual([TestBlob.Random(1, 10).Digest]);
        malformed.Root.Files[0].Digest.Hash = "00";

        Assert.Null(TreeFiles.Of(malformed.ToByteArray(), tree));
        Assert.Null(TreeFiles.Of([], tree)); // no root
        Assert.Null(TreeFiles.Of([0x0a, 0xff], tree));
        malformed.Root.Files[0].Digest = null;
        Assert.Null(TreeFiles.Of(malformed.ToByteArray(), tree));
    }

    private static Reapi.Tree Usual(IReadOnlyList<Digest> files) => new()
    {
        Root = new Reapi.Directory
        {
            Files = { new Reapi.FileNode { Name = "a", Digest = files[0].ToProto(), IsExecutable = true, NodeProperties = new Reapi.NodeProperties { UnixMode = 1 } } },
            Directories = { new Reapi.DirectoryNode { Name = "d", Digest = tree.ToProto() } },
            Symlinks = { new Reapi.SymlinkNode { Name = "s", Target = "a" } },
        },
        Children = { new Reapi.Directory { Files = { files.Skip(1).Select((file, i) => new Reapi.FileNode { Name = $"{i}", Digest = file.ToProto() }) } } },
    };
}
