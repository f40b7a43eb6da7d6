using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Python.Pages;
using RemoteExec.Python.Services;
using RemoteExec.Python.Upstream;
using RemoteExec.Python.Wheels;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>Python indexes: names, versions, distributions of whoever adds them or has an upstream, and pages of that.</summary>
internal static class PythonTargets
{
    private static readonly string hash = new('a', 64);
    private static readonly byte[] wheel = Read(directory => TestWheel.Write(directory, "demo", "1.0", ["helper"], ">=3.8"));

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        FuzzTargets.OfText("python-version", text => Assert.True(PythonVersion.TryParse(text) is not { } version || version.Equals(PythonVersion.TryParse(version.ToString()))), "1!2.0.0rc3.post4.dev5+main.6.gabc", "v1.0-ALPHA-1", "2026.11.22"),
        FuzzTargets.OfText("python-distribution", text => DistributionName.TryParse(text, out _, out _), "Demo_x-1.0+a.b-1b-cp311-cp311-manylinux_2_17_x86_64.whl", "demo-1.0.tar.gz"),
        FuzzTargets.OfText(
            "python-path",
            text =>
            {
                if (PythonPath.TryParse(text, out PythonPath? path))
                    Assert.True(IndexName.TryParse(path.Index.Value, out _) && path.File?.Contains('/', StringComparison.Ordinal) != true);
            },
            "/pypi/team/simple/", "/pypi/team/main/simple/demo/", "/pypi/team/files/demo/demo-1.0.tar.gz"),
        FuzzTargets.OfText("accept", text => SimpleFormats.Choose(text), "application/vnd.pypi.simple.v1+json, text/html;q=0.1", "text/*;q=0.5, */*;q=0"),
        new("wheel", [wheel], Rewrite, typeof(InvalidDataException)),
        new("sdist", [Read(directory => TestWheel.WriteSource(directory, "demo", "1.0"))], bytes => SourceArchive.Read(new MemoryStream(bytes)), typeof(InvalidDataException)),
        new(
            "upstream-page",
            [
                FuzzTargets.Text($"<!DOCTYPE html><a href=\"../../files/demo-1.0.tar.gz#sha256={hash}\" data-requires-python=\"&gt;=3\" data-yanked='x'>demo</a>"),
                FuzzTargets.Text($$$"""{"meta":{"api-version":"1.1"},"files":[{"filename":"demo-1.0.tar.gz","url":"demo-1.0.tar.gz","hashes":{"sha256":"{{{hash}}}"},"core-metadata":{"sha256":"{{{hash}}}"},"yanked":"x","size":1,"upload-time":"2026-01-01T00:00:00Z"}]}"""),
            ],
            bytes => Assert.All(UpstreamPage.Parse(bytes, new Uri("https://pypi.example/simple/demo/")), file => Assert.True(DistributionName.IsFileName(file.Name) && new Uri(file.Url).IsAbsoluteUri)),
            typeof(InvalidDataException)),
        new("python-project", [new ProjectDocument([new FileRecord("demo-1.0.tar.gz", hash, 1) { Version = "1.0" }]).Encode()], bytes => ProjectDocument.Decode(bytes), typeof(InvalidDataException)),
    ];

    // What is made of a wheel is one, of that version.
    private static void Rewrite(byte[] bytes)
    {
        Assert.True(DistributionName.TryParse("demo-1.0-py3-none-any.whl", out DistributionName? name, out _));
        PythonVersion version = PythonVersion.TryParse("1.0+main.1.gabc")!;
        using var output = new MemoryStream();
        Task written = WheelVersion.WriteAsync(name, new MemoryStream(bytes), version, output);
        Assert.True(written.IsCompleted);
        written.GetAwaiter().GetResult();

        Assert.Equal(version, new Wheel(name with { Version = version }, output).Core.Version);
    }

    private static byte[] Read(Func<string, string> write)
    {
        using var directory = new TemporaryDirectory();
        return File.ReadAllBytes(write(directory.FullPath));
    }
}
