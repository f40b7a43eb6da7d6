using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;

namespace RemoteExec.Probe.Conformance;

/// <summary>Resource names of ByteStream.</summary>
internal static class NameChecks
{
    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Must("RES-01", "a blob is read by its name", async scenario =>
        {
            ProbeBlob blob = await scenario.AddAsync();
            Require((await scenario.Client.ReadAsync(scenario.Client.ReadName(blob), scenario.Token)).AsSpan().SequenceEqual(blob.Content), "something else was read");
        }),
        Check.Should("RES-05", "a name that begins with a slash is INVALID_ARGUMENT", scenario => ReadIsRefusedAsync(scenario, blob => $"/blobs/{blob.Hash}/{blob.SizeBytes}")),
        Check.Should("RES-07", "a compressor that there is not is INVALID_ARGUMENT", scenario => ReadIsRefusedAsync(scenario, blob => $"{Prefix(scenario)}compressed-blobs/nosuch/{blob.Hash}/{blob.SizeBytes}")),
        Check.Must("RES-08", "one id may be used for several uploads", async scenario =>
        {
            string id = Guid.NewGuid().ToString();
            for (int i = 0; i < 2; i++)
            {
                ProbeBlob blob = scenario.NewBlob();
                string name = $"{Prefix(scenario)}uploads/{id}/blobs/{blob.Wire.Hash}/{blob.Wire.SizeBytes}";
                Require(await scenario.Client.WriteAsync(ReapiClient.Messages(name, blob.Content, 500), scenario.Token) == blob.Content.Length, "the committed size is another one");
                Require(await scenario.HasAsync(blob), "the blob is missing afterwards");
            }
        }),
        Check.Must("RES-09", "metadata may follow the name of an upload", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            await scenario.Client.WriteAsync(ReapiClient.Messages($"{scenario.Client.UploadName(blob)}/some/file.txt", blob.Content, 4096), scenario.Token);
            Require(await scenario.HasAsync(blob), "the blob is missing afterwards");
        }),
        Check.Should("RES-11", "a name of no kind is INVALID_ARGUMENT", scenario => ReadIsRefusedAsync(scenario, blob => $"{Prefix(scenario)}bolbs/{blob.Hash}/{blob.SizeBytes}")),
        Check.Should("RES-11", "a size that is no number is INVALID_ARGUMENT", scenario => ReadIsRefusedAsync(scenario, blob => $"{Prefix(scenario)}blobs/{blob.Hash}/many")),
        Check.Should("RES-11", "a negative size is INVALID_ARGUMENT", scenario => ReadIsRefusedAsync(scenario, blob => $"{Prefix(scenario)}blobs/{blob.Hash}/-1")),
        Check.Should("RES-11", "an upload under a name of no kind is INVALID_ARGUMENT", scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            return RefusesAsync(scenario.Client.WriteAsync(ReapiClient.Messages($"{Prefix(scenario)}uploads/blobs/{blob.Wire.Hash}", blob.Content, 4096), scenario.Token), StatusCode.InvalidArgument);
        }),
    ];

    internal static string Prefix(Scenario scenario) => scenario.Client.Instance.Length == 0 ? "" : scenario.Client.Instance + "/";

    private static Task ReadIsRefusedAsync(Scenario scenario, Func<Reapi.Digest, string> name) =>
        RefusesAsync(scenario.Client.ReadAsync(name(scenario.NewBlob().Wire), scenario.Token), StatusCode.InvalidArgument);
}
