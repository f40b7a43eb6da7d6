using System.Text;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Images.Tests;

/// <summary>A CAS in memory, a directory for archives, and one for the cache.</summary>
internal sealed class ImageFixture : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public EmptyBlobStore Cas { get; private set; } = NewCas();

    public HttpClient Http { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    public string Cache => directory["cache"];

    public DigestFunction Function { get; init; } = DigestFunction.Sha256;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public RecipeArchive Tar(string name, TestArchive archive) => Put($"{name}.tar", archive.ToTar());

    public RecipeArchive Put(string name, byte[] content) => TestArchive.Put(directory, name, content);

    /// <summary>As if the server had lost everything.</summary>
    public void LoseCas() => Cas = NewCas();

    public Task<BuiltImage> BuildAsync(params RecipeArchive[] archives) => BuildAsync(new ImageRecipe { Archives = archives });

    public Task<BuiltImage> BuildAsync(ImageRecipe recipe) =>
        new ImageBuilder(Cas, Http, new ImageBuilderOptions { CacheDirectory = Cache, Function = Function }, TimeProvider.System).BuildAsync(recipe, new Silent(), Cancellation);

    /// <summary>What an image has, a line each: <c>path/</c>, <c>path = content</c>, <c>path* = content</c> if it can be executed, <c>path -> target</c>.</summary>
    public async Task<string[]> ListAsync(BuiltImage image)
    {
        List<string> lines = [];
        foreach (StoredNode node in (await StoredTree.LoadAsync(Cas, image.Root, Cancellation)).Nodes())
        {
            lines.Add(
                node.Directory is not null ? $"{node.Path}/"
                : node.Target is not null ? $"{node.Path} -> {node.Target}"
                : $"{node.Path}{(node.IsExecutable ? "*" : "")} = {Encoding.UTF8.GetString((await Cas.ReadAllAsync(node.File!.Value, 1 << 20, Cancellation))!)}");
        }

        return [.. lines];
    }

    public async Task<string> FailAsync(params RecipeArchive[] archives) => (await Assert.ThrowsAsync<ImageException>(() => BuildAsync(archives))).Message;

    public void Dispose()
    {
        Http.Dispose();
        directory.Dispose();
    }

    private static EmptyBlobStore NewCas() => new(new VerifyingStore(new MemoryStore(64 << 20)));

    private sealed class Silent : IProgress<ArchiveOutcome>
    {
        public void Report(ArchiveOutcome value)
        {
        }
    }
}
