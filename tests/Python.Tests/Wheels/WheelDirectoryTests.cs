using System.IO.Compression;
using System.Text;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Python.Serving;
using RemoteExec.Python.Tests.Index;
using RemoteExec.Python.Wheels;
using RemoteExec.Trees.Push;

namespace RemoteExec.Python.Tests.Wheels;

public sealed class WheelDirectoryTests : IDisposable
{
    private static readonly ProjectName demo = ProjectName.Parse("demo");
    private readonly TestIndex index = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => index.Dispose();

    [Fact]
    public async Task A_wheel_is_made_of_its_directory_when_it_is_wanted()
    {
        Digest root = await PushAsync("demo", "1.0");
        LocalDistribution wheel = await ReadAsync(root);
        (FileRecord record, bool isNew) = (await index.Publisher.AddAsync([wheel], null, Token)).Single();
        var digest = Digest.Create(default, DigestFunction.Sha256, wheel.Sha256.Span, wheel.SizeBytes);
        Assert.True(isNew);
        Assert.False(await index.Cas.ContainsAsync(digest, Token));
        await using var making = new WheelMaking(index.Cas, default);

        Digest?[] found = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ => await making.FindAsync(await index.ReadAsync("demo"), record, Token)));

        Assert.All(found, one => Assert.Equal(digest, one));
        using var zip = new ZipArchive(new MemoryStream((await index.Cas.ReadAllAsync(digest, 1 << 20, Token))!));
        Assert.Equal(
            ["demo/__init__.py", "demo-1.0.data/scripts/demo-hello", "demo-1.0.dist-info/METADATA", "demo-1.0.dist-info/WHEEL", "demo-1.0.dist-info/RECORD"],
            zip.Entries.Select(entry => entry.FullName));
        Assert.Equal(0x81ED, zip.Entries[1].ExternalAttributes >> 16 & 0xFFFF);
        string[] lines = Read(zip, "demo-1.0.dist-info/RECORD").TrimEnd('\n').Split('\n');
        Assert.Equal(zip.Entries.Select(entry => entry.FullName), lines.Select(line => line.Split(',')[0]));
        Assert.All(lines[..^1], line => Assert.Equal($"sha256={WheelVersion.HashOf(Encoding.UTF8.GetBytes(Read(zip, line.Split(',')[0])))},{Read(zip, line.Split(',')[0]).Length}", line[(line.IndexOf(',') + 1)..]));
    }

    [Fact]
    public async Task The_same_directory_is_the_same_wheel_and_a_file_of_that_is_not_another_one()
    {
        Digest root = await PushAsync("demo", "1.0");
        LocalDistribution wheel = await ReadAsync(root);
        await index.Publisher.AddAsync([wheel], null, Token);

        (FileRecord record, bool isNew) = (await index.Publisher.AddAsync([await ReadAsync(root)], null, Token)).Single();
        (_, bool isFileNew) = (await index.Publisher.AddAsync([wheel with { Directory = null }], null, Token)).Single();

        Assert.False(isNew);
        Assert.False(isFileNew);
        Assert.Equal((record.Name, "demo-1.0-py3-none-any.whl"), (Assert.Single((await index.ReadAsync("demo")).Files).Name, record.Name));
        await index.Publisher.RemoveAsync(demo, "1.0", Token);
        IndexedProject left = await index.ReadAsync("demo");
        Assert.Empty(left.Files);
        Assert.Empty(left.Directories);
        Assert.Empty(left.Contents);
    }

    [Theory]
    [InlineData("demo-1.0.dist-info", "it has no directory *.dist-info")]
    [InlineData("demo-1.0.dist-info/WHEEL", "it has no 'demo-1.0.dist-info/WHEEL'")]
    [InlineData("demo-1.0.dist-info/METADATA", "METADATA")]
    public async Task What_is_no_unpacked_wheel_is_refused(string without, string expected)
    {
        Digest root = await PushAsync("demo", "1.0", without);

        PythonIndexException exception = await Assert.ThrowsAsync<PythonIndexException>(() => ReadAsync(root));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_lost_or_wrong_makes_no_wheel()
    {
        await using var making = new WheelMaking(index.Cas, default);
        var absent = new WheelLayout([new WheelPart("demo/__init__.py", 1, 10) { Sha256 = new string('a', 64) }]);

        Assert.Null(await MakeAsync(absent, absent.WheelBytes));
        Assert.Contains("it is of", (await Assert.ThrowsAsync<PythonIndexException>(() => MakeAsync(absent, absent.WheelBytes + 1))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<BlobMismatchException>(() => MakeAsync(new WheelLayout([WheelPart.Of("demo.py", "x")]), new WheelLayout([WheelPart.Of("demo.py", "x")]).WheelBytes));

        async Task<Digest?> MakeAsync(WheelLayout layout, long bytes)
        {
            var record = new FileRecord("demo-2.0-py3-none-any.whl", new string('b', 64), bytes);
            Digest stored = await index.Cas.StoreAsync(IncrementalHasher.Compute(default, DigestFunction.Sha256, []), layout.Encode(), Token);
            return await making.FindAsync(IndexedProject.Empty.WithDirectory(record, stored, stored, null), record, Token);
        }
    }

    private Task<LocalDistribution> ReadAsync(Digest root)
    {
        string work = index[Guid.NewGuid().ToString("N")];
        Directory.CreateDirectory(work);
        return WheelDirectory.ReadAsync(index.Cas, root, work, Token);
    }

    private async Task<Digest> PushAsync(string name, string version, string? without = null)
    {
        string unpacked = index["unpacked", Guid.NewGuid().ToString("N")];
        ZipFile.ExtractToDirectory(TestWheel.Write(index["dist"], name, version), unpacked);
        File.Delete(Path.Combine(unpacked, $"{name}-{version}.dist-info", "RECORD"));
        if (without is not null && Directory.Exists(Path.Combine(unpacked, without)))
            Directory.Delete(Path.Combine(unpacked, without), recursive: true);
        else if (without is not null)
            File.Delete(Path.Combine(unpacked, without));
        TreePush push = await TreePush.ScanAsync(unpacked, index.Cas, null, new TreePushOptions { Function = DigestFunction.Sha256 }, TimeProvider.System, Token);
        return (await push.RunAsync(new Progress<long>(), Token)).Root;
    }

    private static string Read(ZipArchive zip, string name)
    {
        using var reader = new StreamReader(zip.GetEntry(name)!.Open());
        return reader.ReadToEnd();
    }
}
