using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;

namespace RemoteExec.Probe.Conformance;

/// <summary>ByteStream.Write of blobs as they are.</summary>
internal static class WriteChecks
{
    internal const int MessageBytes = 300;

    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Should("BSW-01", "an upload without a name is INVALID_ARGUMENT", scenario =>
            RefusesAsync(scenario.Client.WriteAsync(ReapiClient.Messages("", scenario.NewBlob().Content, MessageBytes), scenario.Token), StatusCode.InvalidArgument)),
        Check.Must("BSW-02", "an offset that does not continue is refused", scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            List<WriteRequest> messages = [.. ReapiClient.Messages(scenario.Client.UploadName(blob), blob.Content, MessageBytes)];
            messages[1].WriteOffset += 1;
            return RefusesAsync(scenario.Client.WriteAsync(messages, scenario.Token), StatusCode.InvalidArgument, StatusCode.OutOfRange, StatusCode.FailedPrecondition);
        }),
        Check.Must("BSW-04", "an upload that is not finished is not visible", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            await TryAsync(scenario.Client.WriteAsync(ReapiClient.Messages(scenario.Client.UploadName(blob), blob.Content, MessageBytes).Take(2), scenario.Token));
            Require(!await scenario.HasAsync(blob), "the blob is there");
        }),
        Check.Must("BSW-05", "content of another hash is INVALID_ARGUMENT, and not visible", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            await RefusesAsync(scenario.Client.WriteAsync(ReapiClient.Messages(scenario.Client.UploadName(blob), scenario.NewBlob().Content, MessageBytes), scenario.Token), StatusCode.InvalidArgument);
            Require(!await scenario.HasAsync(blob), "the blob is there");
        }),
        Check.Must("BSW-05", "content that is too short is INVALID_ARGUMENT", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            await RefusesAsync(scenario.Client.WriteAsync(ReapiClient.Messages(scenario.Client.UploadName(blob), blob.Content[..^1], MessageBytes), scenario.Token), StatusCode.InvalidArgument);
        }),
        Check.Must("BSW-06", "a finished upload answers the blob's size", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            long committed = await scenario.Client.UploadAsync(blob, scenario.Token, MessageBytes);
            Require(committed == blob.Content.Length, $"{committed} instead of {blob.Content.Length}");
            Require(await scenario.HasAsync(blob), "the blob is missing afterwards");
        }),
        Check.Must("BSW-07", "an upload of what is there answers its size", async scenario =>
        {
            ProbeBlob blob = await scenario.AddAsync();
            long committed = await scenario.Client.UploadAsync(blob, scenario.Token, MessageBytes);
            Require(committed == blob.Content.Length, $"{committed} instead of {blob.Content.Length}");
        }),
        Check.Must("BSW-11", "messages may be empty", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            string name = scenario.Client.UploadName(blob);
            WriteRequest[] messages =
            [
                new() { ResourceName = name },
                new() { Data = ByteString.CopyFrom(blob.Content, 0, 400) },
                new() { WriteOffset = 400 },
                new() { WriteOffset = 400, Data = ByteString.CopyFrom(blob.Content, 400, 600) },
                new() { WriteOffset = 1000, FinishWrite = true },
            ];
            Require(await scenario.Client.WriteAsync(messages, scenario.Token) == 1000, "the committed size is another one");
        }),
        Check.Must("BSW-12", "uploads of one blob at once all succeed", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob(100_000);
            long[] committed = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => scenario.Client.UploadAsync(blob, scenario.Token, 10_000)));
            Require(committed.All(size => size == blob.Content.Length), $"committed sizes: {string.Join(", ", committed)}");
        }),
        Check.Must("BSW-13", "an upload goes on where it is said to stand", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            string name = scenario.Client.UploadName(blob);
            await TryAsync(scenario.Client.WriteAsync(ReapiClient.Messages(name, blob.Content, MessageBytes).Take(2), scenario.Token));
            int stands = await StandsAtAsync(scenario, name);
            Require(stands is >= 0 and <= 2 * MessageBytes, $"stands at {stands}, of {2 * MessageBytes} bytes that were sent");
            var rest = new WriteRequest { ResourceName = name, WriteOffset = stands, Data = ByteString.CopyFrom(blob.Content.AsSpan(stands)), FinishWrite = true };
            Require(await scenario.Client.WriteAsync([rest], scenario.Token) == blob.Content.Length, "the committed size is another one");
            Require(await scenario.HasAsync(blob), "the blob is missing afterwards");
        }),
        Check.Should("BSW-14", "more than was announced is INVALID_ARGUMENT", scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            return RefusesAsync(scenario.Client.WriteAsync(ReapiClient.Messages(scenario.Client.UploadName(blob), (byte[])[.. blob.Content, 1], MessageBytes), scenario.Token), StatusCode.InvalidArgument);
        }),
    ];

    private static async Task<int> StandsAtAsync(Scenario scenario, string name)
    {
        try
        {
            return (int)(await scenario.Client.QueryAsync(name, scenario.Token)).CommittedSize;
        }
        catch (RpcException exception) when (exception.Code is StatusCode.NotFound or StatusCode.Unimplemented)
        {
            return 0; // to begin anew is always right
        }
    }

    // An upload that breaks off may be answered well or badly.
    private static async Task TryAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (RpcException)
        {
        }
    }
}
