using Google.Protobuf;
using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests;

public sealed class DirectoryValidatorTests
{
    private static readonly Digest self = IncrementalHasher.Compute(default, DigestFunction.Sha256, "x"u8);

    private static Reapi.FileNode File(string name) => new() { Name = name, Digest = self.ToProto() };

    private static Reapi.DirectoryNode Child(string name) => new() { Name = name, Digest = self.ToProto() };

    private static Reapi.SymlinkNode Link(string name, string target = "t") => new() { Name = name, Target = target };

    private static string? Validate(Reapi.Directory directory, bool allowAbsoluteTargets = true)
    {
        bool valid = DirectoryValidator.TryValidate(directory, self, allowAbsoluteTargets, out string? error);
        Assert.Equal(valid, error is null);
        return error;
    }

    [Fact]
    [Rule("DIR-06")]
    [Rule("SYM-01")]
    public void A_canonical_directory_passes()
    {
        Assert.Null(Validate(new Reapi.Directory
        {
            Files = { File("Foo"), File("foo"), File("z\\w"), File("\uff21"), File("\U0001f600") },
            Directories = { Child("..."), Child("a") },
            Symlinks = { Link("b", "../../x/../y"), Link("c", "/abs") },
            NodeProperties = new Reapi.NodeProperties { Properties = { new Reapi.NodeProperty { Name = "a" }, new Reapi.NodeProperty { Name = "b" } } },
        }));
    }

    [Theory]
    [Rule("DIR-01")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("/")]
    [InlineData("a\0")]
    public void A_name_that_is_no_single_segment_is_refused(string name)
    {
        Assert.Contains($"'{name}'", Validate(new Reapi.Directory { Files = { File(name) } }));
        Assert.Contains($"'{name}'", Validate(new Reapi.Directory { Directories = { Child(name) } }));
        Assert.Contains($"'{name}'", Validate(new Reapi.Directory { Symlinks = { Link(name) } }));
    }

    [Fact]
    [Rule("DIR-02")]
    public void A_name_that_occurs_twice_is_refused()
    {
        Assert.Contains("'a' occurs twice", Validate(new Reapi.Directory { Files = { File("a"), File("a") } }));
        Assert.Contains("'a' occurs twice", Validate(new Reapi.Directory { Files = { File("a") }, Directories = { Child("a") } }));
        Assert.Contains("'b' occurs twice", Validate(new Reapi.Directory { Files = { File("a"), File("b") }, Symlinks = { Link("b"), Link("c") } }));
        Assert.Contains("'a' occurs twice", Validate(new Reapi.Directory { Directories = { Child("a") }, Symlinks = { Link("a") } }));
    }

    [Fact]
    [Rule("DIR-03")]
    [Rule("DIR-05")]
    public void Nodes_that_are_not_sorted_by_bytes_are_refused()
    {
        Assert.Contains("'a' stands behind 'b'", Validate(new Reapi.Directory { Files = { File("b"), File("a") } }));
        Assert.Contains("not sorted", Validate(new Reapi.Directory { Directories = { Child("a"), Child("B") } }));
        Assert.Contains("not sorted", Validate(new Reapi.Directory { Symlinks = { Link("\U0001f600"), Link("\uff21") } }));
    }

    [Fact]
    [Rule("DIR-04")]
    public void Node_properties_that_are_not_sorted_are_refused()
    {
        var unsorted = new Reapi.NodeProperties { Properties = { new Reapi.NodeProperty { Name = "b" }, new Reapi.NodeProperty { Name = "a" } } };
        Reapi.FileNode file = File("f");
        file.NodeProperties = unsorted;

        Assert.Contains("'a' stands behind 'b'", Validate(new Reapi.Directory { NodeProperties = unsorted }));
        Assert.Contains("'a' stands behind 'b'", Validate(new Reapi.Directory { Files = { file } }));
    }

    [Fact]
    [Rule("DIR-07")]
    public void Unknown_node_properties_are_no_fault()
    {
        Reapi.FileNode file = File("f");
        file.NodeProperties = new Reapi.NodeProperties { UnixMode = 493, Properties = { new Reapi.NodeProperty { Name = "colour", Value = "blue" } } };

        Assert.Null(Validate(new Reapi.Directory { Files = { file } }));
    }

    [Theory]
    [InlineData(0, -1)]
    [InlineData(0, 1_000_000_000)]
    [InlineData(long.MaxValue, 0)]
    [InlineData(long.MinValue, 0)]
    public void An_mtime_that_is_no_time_is_refused(long seconds, int nanos)
    {
        Reapi.FileNode file = File("f");
        file.NodeProperties = new Reapi.NodeProperties { Mtime = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = seconds, Nanos = nanos } };

        Assert.Contains("is no time", Validate(new Reapi.Directory { Files = { file } }));
    }

    [Fact]
    public void Names_that_only_people_confuse_are_different_names() =>
        Assert.Null(Validate(new Reapi.Directory { Files = { File("A"), File("a"), File("e\u0301"), File("\u00e9"), File("\u202e"), File("\uff21") } }));

    [Fact]
    [Rule("GEN-06")]
    [Rule("DIG-01")]
    [Rule("DIG-10")]
    public void A_missing_or_malformed_digest_is_refused()
    {
        var sha1 = new Reapi.Digest { Hash = new string('0', 40), SizeBytes = 1 };

        Assert.Contains("file 'a': a digest is missing", Validate(new Reapi.Directory { Files = { new Reapi.FileNode { Name = "a" } } }));
        Assert.Contains("directory 'a'", Validate(new Reapi.Directory { Directories = { new Reapi.DirectoryNode { Name = "a", Digest = sha1 } } }));
    }

    [Fact]
    [Rule("SYM-01")]
    public void A_symlink_without_a_target_is_refused() =>
        Assert.Contains("'l' has no target", Validate(new Reapi.Directory { Symlinks = { Link("l", "") } }));

    [Fact]
    [Rule("SYM-02")]
    public void An_absolute_target_passes_only_where_it_is_allowed()
    {
        var directory = new Reapi.Directory { Symlinks = { Link("l", "/etc/passwd") } };

        Assert.Null(Validate(directory, allowAbsoluteTargets: true));
        Assert.Contains("'/etc/passwd'", Validate(directory, allowAbsoluteTargets: false));
    }

    [Fact]
    [Rule("DIR-08")]
    public void Names_and_targets_that_are_no_UTF8_are_refused()
    {
        byte[] name = new Reapi.Directory { Symlinks = { Link("qb", "t") } }.ToByteArray();
        byte[] target = new Reapi.Directory { Symlinks = { Link("b", "qt") } }.ToByteArray();
        name[Array.IndexOf(name, (byte)'q')] = 0xff;
        target[Array.IndexOf(target, (byte)'q')] = 0xff;

        Assert.Contains("no UTF-8", Validate(Reapi.Directory.Parser.ParseFrom(name)));
        Assert.Contains("no UTF-8", Validate(Reapi.Directory.Parser.ParseFrom(target)));
    }
}
