using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using RemoteExec.Python.Names;
using RemoteExec.Python.Wheels;

namespace RemoteExec.Python.Tests.Wheels;

public sealed class WheelTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task A_wheel_says_what_it_is()
    {
        string path = TestWheel.Write(directory["dist"], "demo", "1.0", requiresPython: ">=3.8");

        LocalDistribution wheel = await LocalDistribution.ReadAsync(path, Token);

        Assert.Equal(("demo", "1.0", ">=3.8"), (wheel.Name.Project.Value, wheel.Name.Version.ToString(), wheel.RequiresPython));
        Assert.Equal(SHA256.HashData(File.ReadAllBytes(path)), wheel.Sha256.ToArray());
        Assert.StartsWith("Metadata-Version: 2.1\nName: demo\n", Encoding.UTF8.GetString(wheel.Metadata!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_distribution_says_what_it_is()
    {
        LocalDistribution source = await LocalDistribution.ReadAsync(TestWheel.WriteSource(directory["dist"], "demo", "1.0", ">=3.9"), Token);

        Assert.Equal(("demo", "1.0", ">=3.9", true), (source.Name.Project.Value, source.Name.Version.ToString(), source.RequiresPython, source.Metadata is null));
    }

    [Fact]
    public async Task A_wheel_of_another_version_says_the_same_everywhere()
    {
        LocalDistribution wheel = await LocalDistribution.ReadAsync(TestWheel.Write(directory["dist"], "demo", "1.0", ["helper"]), Token);
        Directory.CreateDirectory(directory["built"]);

        LocalDistribution built = await wheel.WithVersionAsync(PythonVersion.TryParse("1.0+main.2.gabc")!, directory["built"], Token);

        Assert.Equal("demo-1.0+main.2.gabc-py3-none-any.whl", built.Name.FileName);
        using ZipArchive zip = ZipFile.OpenRead(built.Path);
        Assert.Equal(["demo/__init__.py", "demo-1.0+main.2.gabc.data/scripts/demo-hello", "demo-1.0+main.2.gabc.dist-info/METADATA", "demo-1.0+main.2.gabc.dist-info/WHEEL", "demo-1.0+main.2.gabc.dist-info/RECORD"], zip.Entries.Select(entry => entry.FullName));
        Assert.Equal("Metadata-Version: 2.1\nName: demo\nVersion: 1.0+main.2.gabc\nRequires-Dist: helper\n\nVersion: of no meaning here\n", Read(zip, "demo-1.0+main.2.gabc.dist-info/METADATA"));
        string[] record = Read(zip, "demo-1.0+main.2.gabc.dist-info/RECORD").TrimEnd('\n').Split('\n');
        Assert.Equal(zip.Entries.Select(entry => entry.FullName), record.Select(line => line.Split(',')[0]));
        Assert.All(record[..^1], line => Assert.Equal($"sha256={WheelVersion.HashOf(Encoding.UTF8.GetBytes(Read(zip, line.Split(',')[0])))},{Read(zip, line.Split(',')[0]).Length}", line[(line.IndexOf(',') + 1)..]));
    }

    [Fact]
    public async Task The_same_wheel_and_version_are_the_same_bytes()
    {
        LocalDistribution wheel = await LocalDistribution.ReadAsync(TestWheel.Write(directory["dist"], "demo", "1.0"), Token);
        Directory.CreateDirectory(directory["a"]);
        Directory.CreateDirectory(directory["b"]);
        PythonVersion version = PythonVersion.TryParse("1.0+x.1.g0")!;

        LocalDistribution one = await wheel.WithVersionAsync(version, directory["a"], Token), other = await wheel.WithVersionAsync(version, directory["b"], Token);

        Assert.Equal(one.Sha256.ToArray(), other.Sha256.ToArray());
    }

    [Fact]
    public async Task What_was_not_changed_stays_as_it_was_compressed()
    {
        string path = TestWheel.Write(directory["dist"], "demo", "1.0", body: string.Concat(Enumerable.Range(0, 5000).Select(i => $"a{i} = {i}\n")));
        Directory.CreateDirectory(directory["built"]);

        LocalDistribution built = await (await LocalDistribution.ReadAsync(path, Token)).WithVersionAsync(PythonVersion.TryParse("1.0+x.1.g0")!, directory["built"], Token);

        using ZipArchive before = ZipFile.OpenRead(path), after = ZipFile.OpenRead(built.Path);
        ZipArchiveEntry was = before.GetEntry("demo/__init__.py")!, became = after.GetEntry("demo/__init__.py")!;
        Assert.Equal((was.CompressedLength, was.Length, was.Crc32, was.LastWriteTime), (became.CompressedLength, became.Length, became.Crc32, became.LastWriteTime));
        Assert.True(became.CompressedLength < became.Length);
        Assert.Equal(Read(before, "demo/__init__.py"), Read(after, "demo/__init__.py"));
    }

    [Fact]
    public async Task A_renamed_wheel_is_refused()
    {
        string path = TestWheel.Write(directory["dist"], "demo", "1.0");
        File.Move(path, directory["dist", "demo-1.1-py3-none-any.whl"]);

        PythonIndexException exception = await Assert.ThrowsAsync<PythonIndexException>(() => LocalDistribution.ReadAsync(directory["dist", "demo-1.1-py3-none-any.whl"], Token));

        Assert.Equal("'demo-1.1-py3-none-any.whl': its metadata is of demo 1.0, not of demo 1.1: the file was renamed", exception.Message);
    }

    [Fact]
    public async Task What_is_no_wheel_is_told()
    {
        string path = directory["demo-1.0-py3-none-any.whl"];
        File.WriteAllText(path, "no zip");
        Assert.Contains("it is no zip archive", (await Assert.ThrowsAsync<PythonIndexException>(() => LocalDistribution.ReadAsync(path, Token))).Message, StringComparison.Ordinal);
        WriteZip(path, ("demo/__init__.py", ""));
        Assert.Contains("it has no directory *.dist-info", (await Assert.ThrowsAsync<PythonIndexException>(() => LocalDistribution.ReadAsync(path, Token))).Message, StringComparison.Ordinal);
        WriteZip(path, ("a.dist-info/METADATA", ""), ("b.dist-info/METADATA", ""));
        Assert.Contains("more than one directory *.dist-info", (await Assert.ThrowsAsync<PythonIndexException>(() => LocalDistribution.ReadAsync(path, Token))).Message, StringComparison.Ordinal);
        WriteZip(path, ("demo-1.0.dist-info/METADATA", "Name: demo\n\nVersion: 1.0\n"));
        Assert.Contains("no 'Version'", (await Assert.ThrowsAsync<PythonIndexException>(() => LocalDistribution.ReadAsync(path, Token))).Message, StringComparison.Ordinal);
        WriteZip(path, ("demo-1.0.dist-info/METADATA", $"Name: demo\nVersion: 1.0\n\n{new string('x', CoreMetadata.MaxBytes)}"));
        Assert.Contains($"more than {CoreMetadata.MaxBytes}", (await Assert.ThrowsAsync<PythonIndexException>(() => LocalDistribution.ReadAsync(path, Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wheel_that_is_cut_off_anywhere_is_refused_or_read_right()
    {
        byte[] whole = File.ReadAllBytes(TestWheel.Write(directory["dist"], "demo", "1.0"));
        string path = directory["demo-1.0-py3-none-any.whl"];
        for (int length = 0; length < whole.Length; length++)
        {
            await File.WriteAllBytesAsync(path, whole[..length], Token);
            await Assert.ThrowsAsync<PythonIndexException>(() => LocalDistribution.ReadAsync(path, Token));
        }
    }

    [Fact]
    public async Task A_file_that_says_it_is_shorter_than_it_is_is_refused()
    {
        string path = TestWheel.Write(directory["dist"], "demo", "1.0");
        byte[] bytes = File.ReadAllBytes(path);
        int entry = bytes.AsSpan().LastIndexOf("demo-1.0.dist-info/METADATA"u8) - 46; // in its directory
        bytes[entry + 24] -= 1;
        await File.WriteAllBytesAsync(path, bytes, Token);

        Assert.Contains("METADATA' is damaged", (await Assert.ThrowsAsync<PythonIndexException>(() => LocalDistribution.ReadAsync(path, Token))).Message, StringComparison.Ordinal);
    }

    private static string Read(ZipArchive zip, string name)
    {
        using var reader = new StreamReader(zip.GetEntry(name)!.Open());
        return reader.ReadToEnd();
    }

    private static void WriteZip(string path, params (string Name, string Text)[] files)
    {
        using var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        foreach ((string name, string text) in files)
        {
            using var writer = new StreamWriter(zip.CreateEntry(name).Open());
            writer.Write(text);
        }
    }
}
