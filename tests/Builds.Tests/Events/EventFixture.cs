using Google.Devtools.Build.V1;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Services;
using RemoteExec.TestKit.Bazel;

namespace RemoteExec.Builds.Tests.Events;

/// <summary>Records that take events, in a file that is opened again as often as a test likes.</summary>
internal sealed class EventFixture : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly BuildRecordOptions options;

    public EventFixture(EventLimits? limits = null)
    {
        options = new BuildRecordOptions(TimeSpan.FromDays(30), 1 << 30) { Events = limits ?? new EventLimits() };
        Records = Open();
    }

    public BuildRecords Records { get; private set; }

    public ManualTimeProvider Time { get; } = new();

    public RecordingLogger Logger { get; } = new();

    public string FilePath => directory["builds.db"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public Task SendAsync(PublishBuildToolEventStreamRequest request) => SendAsync(EventRequests.Read(request));

    public Task SendAsync(PublishLifecycleEventRequest request) => SendAsync(EventRequests.Read(request));

    /// <summary>Sends events of a script, all or those from a number on.</summary>
    public async Task SendAsync(BuildScript script, int from = 1)
    {
        foreach (PublishBuildToolEventStreamRequest request in script.Requests.Skip(from - 1))
            await SendAsync(request);
    }

    public async Task<BuildReport> ReportAsync(string id) => (await FindAsync(id)).Build.Report ?? throw new InvalidOperationException("nothing is told of it");

    public async Task<BuildDetails> FindAsync(string id) => await Records.FindAsync(id, Token) ?? throw new InvalidOperationException("there is no such build");

    public async Task RestartAsync()
    {
        await Records.DisposeAsync();
        Records = Open();
    }

    public async ValueTask DisposeAsync()
    {
        await Records.DisposeAsync();
        directory.Dispose();
    }

    private async Task SendAsync(StreamEvent told)
    {
        await Records.Events.WaitForRoomAsync(Token);
        await Records.Events.WriteAsync(told);
    }

    private BuildRecords Open() => BuildRecords.Open(FilePath, options, TimeSpan.FromHours(3), Logger, Time);
}
