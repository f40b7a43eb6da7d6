using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Server.Cli;
using RemoteExec.TestKit;

namespace RemoteExec.Server.Tests.Cli;

public sealed class DoctorCommandTests : IDisposable
{
    private static readonly TestBlob[] blobs = [.. Enumerable.Range(0, 50).Select(i => TestBlob.Random(i, 1000 * i))];
    private readonly TemporaryDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string StorePath => Path.Combine(directory.FullPath, "cas");

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task A_good_store_is_ok()
    {
        await FillAsync();

        (int code, string output, string error) = await RunAsync();

        Assert.Equal(0, code);
        Assert.Contains($"{StorePath}: 50 records in 1 segments", output);
        Assert.EndsWith(": ok\n", output, StringComparison.Ordinal);
        Assert.Empty(error);
    }

    [Fact]
    public async Task Damage_is_told_and_with_repair_dropped()
    {
        await FillAsync();
        await DamageAsync(Directory.GetFiles(StorePath, "*.seg").Single(), 500_000);

        (int found, string findings, _) = await RunAsync();
        (int repaired, string repairs, _) = await RunAsync("--repair");
        (int after, string rest, _) = await RunAsync();

        Assert.Equal((1, 0, 0), (found, repaired, after));
        Assert.Contains("49 records", findings);
        Assert.Contains("1 damaged: --repair drops them", findings);
        Assert.Contains("0000000001.seg", findings);
        Assert.Contains("1 damaged ones were dropped", repairs);
        Assert.Contains("49 records", rest);
        await using SegmentStore store = await OpenAsync();
        Assert.Single(await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        Assert.Equal(0, store.Statistics.RecoveredRecords);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(3000)]
    public async Task A_damaged_index_is_made_anew(int at)
    {
        await FillAsync();
        await DamageAsync(Path.Combine(StorePath, "checkpoint"), at);

        (_, string findings, _) = await RunAsync();
        (int code, string repairs, _) = await RunAsync("--repair");

        Assert.Contains("no index", findings);
        Assert.Equal(0, code);
        Assert.Contains("the index was made anew", repairs);
        await using SegmentStore store = await OpenAsync();
        Assert.Empty(await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        Assert.Equal(0, store.Statistics.RecoveredRecords);
    }

    [Fact]
    public async Task A_store_in_use_and_a_directory_without_one_are_refused()
    {
        (int none, _, string nothing) = await RunAsync();
        await using SegmentStore store = await OpenAsync();
        (int busy, _, string inUse) = await RunAsync();

        Assert.Equal((1, 1), (none, busy));
        Assert.Contains("there is no store in", nothing);
        Assert.Contains(StorePath, inUse);
        Assert.Single(inUse.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task A_store_without_its_format_file_is_not_passed_over()
    {
        await FillAsync();
        File.Delete(Path.Combine(StorePath, "format"));

        (int code, string output, string error) = await RunAsync();

        Assert.Equal((1, ""), (code, output));
        Assert.Contains($"'{StorePath}' can't be opened as a store: it has segments, but the file 'format' is missing", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_store_is_ok_and_needs_no_repair()
    {
        await (await OpenAsync()).DisposeAsync();

        Assert.Equal((0, $"{StorePath}: 0 records in 0 segments, 0 bytes: ok\n", ""), await RunAsync());
        Assert.Equal((0, $"{StorePath}: 0 records in 0 segments, 0 bytes: ok\n", ""), await RunAsync("--repair"));
    }

    [Fact]
    public async Task The_findings_come_as_JSON()
    {
        await FillAsync();

        (_, string output, _) = await RunAsync("--json");

        JsonElement report = JsonDocument.Parse(output).RootElement[0];
        Assert.Equal(StorePath, report.GetProperty("path").GetString());
        Assert.Equal(50, report.GetProperty("records").GetInt64());
        Assert.True(report.GetProperty("isGood").GetBoolean());
    }

    private static async Task DamageAsync(string file, long at)
    {
        await using FileStream stream = File.Open(file, FileMode.Open);
        stream.Position = at;
        int value = stream.ReadByte();
        stream.Position = at;
        stream.WriteByte((byte)~value);
    }

    private ValueTask<SegmentStore> OpenAsync() => SegmentStore.OpenAsync(
        new SegmentStoreOptions { Path = StorePath, MaxBytes = 64 << 20 }, NullLogger.Instance, TimeProvider.System, Token);

    private async Task FillAsync()
    {
        await using SegmentStore store = await OpenAsync();
        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] flags)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(
            ["doctor", "--data", directory.FullPath, .. flags], new Terminal(output, error, colourOutput: false, colourError: false));
        return (code, output.ToString(), error.ToString());
    }
}
