using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using RemoteExec.Runs.Determinism;

namespace RemoteExec.Runs.Tests.Determinism;

public sealed class ArchiveTests
{
    private static readonly DateTimeOffset time = new(2026, 3, 4, 5, 6, 8, TimeSpan.Zero), later = time.AddSeconds(2);
    private static readonly RunTraces run = new("", null, null);

    [Fact]
    public void Times_owners_and_modes_in_tar_are_named()
    {
        ContentDifference difference = Inspect(Tar(("a", "1", time, 0, 420), ("b", "2", time, 0, 420)), Tar(("a", "1", later, 0, 420), ("b", "2", time, 1000, 493)));

        Assert.Equal("tar", difference.Archive);
        Assert.Equal(["a", "b"], difference.Members.Select(member => member.Name));
        Assert.Equal(["time: 2026-03-04 05:06:08 / 2026-03-04 05:06:10"], difference.Members[0].Aspects);
        Assert.Equal(["owner: 0:0 : / 1000:0 :", "mode: 644 / 755"], difference.Members[1].Aspects);
        Assert.Equal([DifferenceCause.FileTimes, DifferenceCause.Owners], difference.Causes);
        Assert.All(difference.Members, member => Assert.Null(member.Content));
    }

    [Fact]
    public void Another_order_and_members_that_one_lacks_are_named()
    {
        ContentDifference difference = Inspect(Tar(("a", "1", time, 0, 420), ("b", "2", time, 0, 420)), Tar(("b", "2", time, 0, 420), ("a", "1", time, 0, 420), ("c", "3", time, 0, 420)));

        Assert.Equal([("", "order"), ("c", "only in the other one")], difference.Members.Select(member => (member.Name, Assert.Single(member.Aspects))));
        Assert.Equal([DifferenceCause.Order], difference.Causes);
    }

    [Fact]
    public void Archives_in_archives_are_looked_into()
    {
        byte[] left = Zip(("lib/inner.tar.gz", GZip(Tar(("a", "built 05:06:07", time, 0, 420))))), right = Zip(("lib/inner.tar.gz", GZip(Tar(("a", "built 05:06:09", time, 0, 420)))));

        ContentDifference zip = Inspect(left, right), gzip = Assert.Single(zip.Members).Content!, tar = Assert.Single(gzip.Members).Content!, text = Assert.Single(tar.Members).Content!;

        Assert.Equal(("zip", "gzip", "tar", null), (zip.Archive, gzip.Archive, tar.Archive, text.Archive));
        Assert.Equal((1L, "built 05:06:07", "built 05:06:09"), (text.Line, text.First, text.Other));
        Assert.Equal([DifferenceCause.Timestamp], zip.AllCauses);
    }

    [Fact]
    public void Members_of_ar_have_their_names_and_times()
    {
        ContentDifference difference = Inspect(Ar(time), Ar(later));

        Assert.Equal("ar", difference.Archive);
        Assert.Equal(["short.o", "a_name_of_more_than_fifteen.o"], difference.Members.Select(member => member.Name));
        Assert.All(difference.Members, member => Assert.Equal(["time: 2026-03-04 05:06:08 / 2026-03-04 05:06:10"], member.Aspects));
    }

    [Fact]
    public void What_is_packed_in_another_way_has_no_other_members()
    {
        byte[] content = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 1000)));

        ContentDifference difference = Inspect(GZip(content, CompressionLevel.NoCompression), GZip(content));

        Assert.Contains("how they are packed", Assert.Single(Assert.Single(difference.Members).Aspects), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_cut_off_is_compared_as_bytes()
    {
        foreach (byte[] whole in new[] { Tar(("a", "1", time, 0, 420)), Zip(("a", [1, 2, 3])), GZip([1, 2, 3]), Ar(time) })
        {
            for (int length = 1; length < whole.Length; length += 7)
            {
                ContentDifference difference = Inspect(whole[..length], [.. whole[..length], 0]);

                Assert.Equal(length, difference.Offset);
            }
        }
    }

    private static ContentDifference Inspect(byte[] left, byte[] right) => new ContentInspection(run, run).Inspect(left, right);

    private static byte[] Tar(params (string Name, string Content, DateTimeOffset Time, int Owner, int Mode)[] files)
    {
        using var content = new MemoryStream();
        using (var writer = new TarWriter(content, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach ((string name, string text, DateTimeOffset written, int owner, int mode) in files)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
                    ModificationTime = written,
                    Uid = owner,
                    Mode = (UnixFileMode)mode,
                });
            }
        }

        return content.ToArray();
    }

    private static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        using var content = new MemoryStream();
        using (var archive = new ZipArchive(content, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] bytes) in files)
            {
                ZipArchiveEntry entry = archive.CreateEntry(name);
                entry.LastWriteTime = time;
                using Stream stream = entry.Open();
                stream.Write(bytes);
            }
        }

        return content.ToArray();
    }

    private static byte[] GZip(byte[] content, CompressionLevel level = CompressionLevel.Optimal)
    {
        using var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, level, leaveOpen: true))
            stream.Write(content);
        return packed.ToArray();
    }

    private static byte[] Ar(DateTimeOffset written)
    {
        const string LongNames = "a_name_of_more_than_fifteen.o/\n";
        string header(string name, int length) => $"{name,-16}{written.ToUnixTimeSeconds(),-12}{0,-6}{0,-6}{"100644",-8}{length,-10}`\n";
        return Encoding.Latin1.GetBytes($"!<arch>\n{"//",-48}{LongNames.Length,-10}`\n{LongNames}\n{header("short.o/", 3)}abc\n{header("/0", 2)}de");
    }
}
