using Google.Bytestream;
using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;

namespace RemoteExec.Probe.Conformance;

/// <summary>ByteStream.QueryWriteStatus.</summary>
internal static class StatusChecks
{
    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Must("BSQ-01", "a finished upload is complete", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            string name = scenario.Client.UploadName(blob);
            await scenario.Client.WriteAsync(ReapiClient.Messages(name, blob.Content, WriteChecks.MessageBytes), scenario.Token);
            QueryWriteStatusResponse status = await scenario.Client.QueryAsync(name, scenario.Token);
            Require(status is { Complete: true, CommittedSize: 1000 }, $"complete is {status.Complete}, the committed size {status.CommittedSize}");
        }),
        Check.Should("BSQ-02", "an upload without progress stands at 0", async scenario =>
        {
            QueryWriteStatusResponse status = await scenario.Client.QueryAsync(scenario.Client.UploadName(scenario.NewBlob()), scenario.Token);
            Require(status is { Complete: false, CommittedSize: 0 }, $"complete is {status.Complete}, the committed size {status.CommittedSize}");
        }),
        Check.Should("BSQ-04", "asking for an upload under a name of no kind is INVALID_ARGUMENT", scenario =>
            RefusesAsync(scenario.Client.QueryAsync($"{NameChecks.Prefix(scenario)}uploads/{scenario.NewBlob().Wire.Hash}", scenario.Token), StatusCode.InvalidArgument)),
    ];
}
