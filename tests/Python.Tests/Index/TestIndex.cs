using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Python.Wheels;

namespace RemoteExec.Python.Tests.Index;

/// <summary>An index in memory, and what puts something into it.</summary>
internal sealed class TestIndex : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public TestIndex()
    {
        Cas = new EmptyBlobStore(new VerifyingStore(new MemoryStore(256 * 1024 * 1024)));
        Editor = new IndexEditor(Reference, Cas, default);
        Publisher = new Publisher(Editor, Cas, default, Time);
    }

    public ManualTimeProvider Time { get; } = new();

    public IBlobStore Cas { get; }

    public MemoryReference Reference { get; } = new();

    public IndexEditor Editor { get; }

    public Publisher Publisher { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public string this[params ReadOnlySpan<string> path] => directory[path];

    public async Task<(FileRecord Record, bool IsNew)> AddAsync(string name, string version, string body = "", string? channel = null, string revision = "abc", string? requiresPython = null)
    {
        string from = directory[Guid.NewGuid().ToString("N")];
        LocalDistribution wheel = await LocalDistribution.ReadAsync(TestWheel.Write(from, name, version, body: body, requiresPython: requiresPython), Token);
        ChannelBuild? build = channel is null ? null : new ChannelBuild(ChannelName.Parse(channel), revision, Directory.CreateDirectory(Path.Combine(from, "build")).FullName);
        return (await Publisher.AddAsync([wheel], build, Token)).Single();
    }

    public async Task<IndexedProject> ReadAsync(string project) => await (await Editor.ReadAsync(Token)).ReadAsync(ProjectName.Parse(project), Token);

    public void Dispose() => directory.Dispose();

    /// <summary>A reference in memory.</summary>
    internal sealed class MemoryReference : IIndexReference
    {
        private readonly Lock gate = new(); // guards the state
        private (Digest? Root, long Version) state;

        /// <summary>Who gets in between a look and a change; once.</summary>
        public Func<Task>? Rival { get; set; }

        public Task<(Digest? Root, long Version)> FindAsync(CancellationToken cancellationToken)
        {
            lock (gate)
                return Task.FromResult(state);
        }

        public async Task<bool> TrySetAsync(Digest root, long expectedVersion, string note, CancellationToken cancellationToken)
        {
            if (Rival is { } rival)
            {
                Rival = null;
                await rival();
            }

            lock (gate)
            {
                if (state.Version != expectedVersion)
                    return false;
                state = (root, expectedVersion + 1);
                return true;
            }
        }
    }
}
