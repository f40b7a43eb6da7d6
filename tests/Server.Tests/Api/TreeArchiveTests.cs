using System.Formats.Tar;
using System.Net;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Compression;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Api;
using RemoteExec.Server.Hosting;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Server.Tests.Api;

/// <summary>Directories and trees of the cache as archives, over HTTP.</summary>
public sealed class TreeArchiveTests : IAsyncLifetime
{
    private readonly MemoryStore memory = new(64 * 1024 * 1024);
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private FaultyStore cas = null!;
    private ServerHost host = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        cas = new FaultyStore(memory);
        var content = new ContentEndpoints(
            new ContentReader(new EmptyBlobStore(cas), new ActionCacheStore(new MemoryStore(1024))), new EmptyBlobStore(cas), new ServerView("0", DateTimeOffset.UnixEpoch, false, []), AccessGuard.Off, NullLogger.Instance, TimeProvider.System);
        var routes = new ApiRoutes();
        routes.Add(content.Routes);
        host = await ServerHost.StartAsync(
            new ServerHostOptions { Listeners = [new Listener(ListenerKind.Http, ListenAddress.Of(new IPEndPoint(IPAddress.Loopback, 0)), "--http")], Services = [], MapHttp = routes.Map },
            NullLoggerFactory.Instance, TimeProvider.System, Token);
        http.BaseAddress = new Uri($"http://{host.Listeners[0].Address}/api/v1/");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task A_directory_and_a_tree_are_the_same_archive_with_all_that_is_in_them()
    {
        string far = string.Join('/', Enumerable.Repeat("a-name-of-some-length", 12));
        (Digest text, Digest program) = (await WriteAsync("some text\n"), await WriteAsync("#!/bin/sh\n"));
        MerkleTree tree = await WriteAsync(new MerkleTreeBuilder(default, DigestFunction.Sha256)
            .AddFile("text", text).AddFile("bin/program", program, isExecutable: true).AddFile($"{far}/ä", text).AddFile("private", text, properties: new Reapi.NodeProperties { UnixMode = 0b110_000_000 })
            .AddSymlink("link", "bin/program").AddSymlink("far", far).AddDirectory("nothing").AddFile("empty", Digest.Create(default, DigestFunction.Sha256, EmptyHash, 0)));
        Digest whole = await WriteAsync(tree.ToTree());

        byte[] archive = await http.GetByteArrayAsync($"directories/{Name(tree.RootDigest)}.tar.zst", Token);

        Assert.Equal(archive, await http.GetByteArrayAsync($"trees/{Name(whole)}.tar.zst", Token));
        Assert.Equal(archive, await http.GetByteArrayAsync($"directories/{Name(tree.RootDigest)}.tar.zst", Token));
        string[] found = [.. (await ReadAsync(archive)).Where(line => !line.StartsWith("a-name-of-some-length", StringComparison.Ordinal) || line.Contains('ä', StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        string[] expected =
        [
            "bin/ 755", "bin/program 755 #!/bin/sh\n", "empty 644 ", $"far 777 -> {far}", "link 777 -> bin/program", "nothing/ 755", "private 600 some text\n", "text 644 some text\n", $"{far}/ä 644 some text\n",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), found);
    }

    [Fact]
    public async Task A_part_of_a_tree_can_be_had_under_a_name()
    {
        MerkleTree tree = await WriteAsync(new MerkleTreeBuilder(default, DigestFunction.Sha256).AddFile("a/b/c", await WriteAsync("deep\n")).AddFile("x", await WriteAsync("not this\n")));
        Digest whole = await WriteAsync(tree.ToTree());

        using HttpResponseMessage answer = await http.GetAsync($"trees/{Name(whole)}.tar.zst?path=a/b&name=part", Token);

        Assert.Equal(["c 644 deep\n"], await ReadAsync(await answer.Content.ReadAsByteArrayAsync(Token)));
        Assert.Equal(("application/zstd", "part.tar.zst"), (answer.Content.Headers.ContentType?.MediaType, answer.Content.Headers.ContentDisposition?.FileName));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync($"trees/{Name(whole)}.tar.zst?path=a/x", Token)).StatusCode);
    }

    [Theory, Rule("DIR-01")]
    [InlineData("../escaped")]
    [InlineData("..")]
    [InlineData("/etc/passwd")]
    public async Task Names_that_lead_out_of_the_archive_are_refused(string name)
    {
        Digest file = await WriteAsync("bad\n");
        Digest directory = await WriteAsync(new Reapi.Directory { Files = { new Reapi.FileNode { Name = name, Digest = file.ToProto() } } });
        Digest tree = await WriteAsync(new Reapi.Tree { Root = new Reapi.Directory { Files = { new Reapi.FileNode { Name = name, Digest = file.ToProto() } } } });

        Assert.Contains("one path segment", await RefusedAsync($"directories/{Name(directory)}.tar.zst", HttpStatusCode.UnprocessableEntity), StringComparison.Ordinal);
        Assert.Contains("one path segment", await RefusedAsync($"trees/{Name(tree)}.tar.zst", HttpStatusCode.UnprocessableEntity), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_cache_lacks_is_told_before_anything_is_sent()
    {
        TestBlob[] absent = [.. Enumerable.Range(0, 12).Select(number => TestBlob.Random(number, 10))];
        var files = new MerkleTreeBuilder(default, DigestFunction.Sha256).AddFile("there", await WriteAsync("there\n"));
        foreach (TestBlob blob in absent)
            files.AddFile($"file-{blob.Digest.Hash}", blob.Digest);
        MerkleTree tree = await WriteAsync(files);
        Digest torn = await WriteAsync(new Reapi.Directory { Directories = { new Reapi.DirectoryNode { Name = "gone", Digest = absent[0].Digest.ToProto() } } });

        string message = await RefusedAsync($"directories/{Name(tree.RootDigest)}.tar.zst", HttpStatusCode.NotFound);

        Assert.StartsWith("12 of 13 files", message, StringComparison.Ordinal);
        Assert.Equal(10, absent.Count(blob => message.Contains(Name(blob.Digest), StringComparison.Ordinal)));
        Assert.Contains(Name(absent[0].Digest), await RefusedAsync($"directories/{Name(torn)}.tar.zst", HttpStatusCode.NotFound), StringComparison.Ordinal);
        Assert.Contains("no such directory", await RefusedAsync($"directories/{Name(absent[0].Digest)}.tar.zst", HttpStatusCode.NotFound), StringComparison.Ordinal);
        Assert.Contains("is no Directory", await RefusedAsync($"directories/{Name(await WriteAsync("no message"))}.tar.zst", HttpStatusCode.UnprocessableEntity), StringComparison.Ordinal);
    }

    [Fact, Rule("CAS-26")]
    public async Task A_few_directories_that_contain_each_other_often_are_refused()
    {
        Digest next = await WriteAsync(new Reapi.Directory());
        for (int depth = 0; depth < 40; depth++)
            next = await WriteAsync(new Reapi.Directory { Directories = { new Reapi.DirectoryNode { Name = "a", Digest = next.ToProto() }, new Reapi.DirectoryNode { Name = "b", Digest = next.ToProto() } } });

        Assert.Contains("more than 1000000 files", await RefusedAsync($"directories/{Name(next)}.tar.zst", HttpStatusCode.UnprocessableEntity), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_vanishes_while_it_is_sent_breaks_the_connection_off()
    {
        TestBlob large = TestBlob.Random(1, 1024 * 1024), gone = TestBlob.Random(2, 100);
        foreach (TestBlob blob in (TestBlob[])[large, gone])
            await memory.WriteAllAsync(blob.Digest, blob.Content, Token);
        MerkleTree tree = await WriteAsync(new MerkleTreeBuilder(default, DigestFunction.Sha256).AddFile("a", large.Digest).AddFile("b", gone.Digest));
        cas.Before = async (operation, digest) =>
        {
            if (operation != StoreOperation.OpenRead || digest != large.Digest || await memory.OpenReadAsync(gone.Digest, 0, Token) is not { } reader)
                return;
            reader.Discard();
            await reader.DisposeAsync();
        };

        using HttpResponseMessage answer = await http.GetAsync($"directories/{Name(tree.RootDigest)}.tar.zst", HttpCompletionOption.ResponseHeadersRead, Token);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer.Content.ReadAsByteArrayAsync(Token));
    }

    private static byte[] EmptyHash => System.Security.Cryptography.SHA256.HashData([]);

    private static string Name(Digest digest) => $"{digest.Hash}/{digest.SizeBytes}";

    private static async Task<List<string>> ReadAsync(byte[] archive)
    {
        List<string> lines = [];
        using var compressed = new MemoryStream(archive);
        await using Stream plain = BlobCompression.Decode(Compressor.Zstd, compressed);
        await using var reader = new TarReader(plain);
        while (await reader.GetNextEntryAsync(cancellationToken: Token) is { } entry)
        {
            Assert.Equal((0, 0, DateTimeOffset.UnixEpoch), (entry.Uid, entry.Gid, entry.ModificationTime));
            string head = $"{entry.Name} {Convert.ToString((int)entry.Mode, 8)}";
            if (entry.EntryType == TarEntryType.Directory)
                lines.Add(head);
            else if (entry.EntryType == TarEntryType.SymbolicLink)
                lines.Add($"{head} -> {entry.LinkName}");
            else
                lines.Add($"{head} {(entry.DataStream is null ? "" : await new StreamReader(entry.DataStream).ReadToEndAsync(Token))}");
        }

        return lines;
    }

    private async Task<string> RefusedAsync(string path, HttpStatusCode status)
    {
        using HttpResponseMessage answer = await http.GetAsync(path, Token);
        Assert.Equal((status, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        return JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(Token)).GetProperty("detail").GetString()!;
    }

    private Task<Digest> WriteAsync(string text) => WriteAsync(TestBlob.Of(Encoding.UTF8.GetBytes(text)));

    private Task<Digest> WriteAsync(IMessage message) => WriteAsync(TestBlob.Of(message.ToByteArray()));

    private async Task<Digest> WriteAsync(TestBlob blob)
    {
        await memory.WriteAllAsync(blob.Digest, blob.Content, Token);
        return blob.Digest;
    }

    private async Task<MerkleTree> WriteAsync(MerkleTreeBuilder builder)
    {
        MerkleTree tree = builder.Build();
        foreach ((Digest digest, ReadOnlyMemory<byte> content) in tree.Blobs)
            await memory.WriteAllAsync(digest, content, Token);
        return tree;
    }
}
