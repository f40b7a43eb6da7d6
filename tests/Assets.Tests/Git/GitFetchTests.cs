using Microsoft.AspNetCore.Http;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Assets.Tests.Git;

public sealed class GitFetchTests : IAsyncLifetime
{
    private const string Zeros = "0000000000000000000000000000000000000001";
    private readonly ManualTimeProvider time = new();
    private GitServer server = null!;
    private AssetBed bed = null!;

    private string Repository => $"{server.Address}/app";

    public async ValueTask InitializeAsync()
    {
        server = await GitServer.StartAsync();
        bed = await OpenAsync();
        Write("top.txt", "one");
        Write("lib/code.txt", "code\n");
    }

    public async ValueTask DisposeAsync()
    {
        await bed.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    [Rule("AST-10")]
    public async Task A_commit_becomes_a_directory_with_all_that_is_in_it_as_it_is()
    {
        Write(".gitattributes", "secret.txt export-ignore\nversion.txt export-subst\ncrlf.txt text eol=crlf\nid.txt ident\nwide.txt text working-tree-encoding=UTF-16\n");
        Write("secret.txt", "not left out");
        Write("version.txt", "$Format:%H$");
        Write("crlf.txt", "a\nb\n");
        Write("id.txt", "$Id$");
        Write("run", "#!/bin/sh\n");
        File.SetUnixFileMode(server.Work("run"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(server.Work("link"), "lib/code.txt");
        string commit = await server.CommitAsync();

        Reapi.Directory root = await ReadAsync((await FetchAsync(("vcs.commit", commit), ("resource_type", "application/x-git"))).Content);

        Assert.Equal([".gitattributes", "crlf.txt", "id.txt", "run", "secret.txt", "top.txt", "version.txt"], root.Files.Select(file => file.Name));
        Assert.Equal(["run"], root.Files.Where(file => file.IsExecutable).Select(file => file.Name));
        Assert.Equal("link lib/code.txt", $"{Assert.Single(root.Symlinks).Name} {root.Symlinks[0].Target}");
        Assert.Equal("lib", Assert.Single(root.Directories).Name);
        Assert.Equal(["a\nb\n", "$Id$", "$Format:%H$"], await Task.WhenAll(new[] { "crlf.txt", "id.txt", "version.txt" }.Select(name => TextAsync(root, name))));
        Assert.Equal("code\n", await TextAsync(await ReadAsync((await FetchAsync(("vcs.commit", commit), ("directory", "lib"))).Content), "code.txt"));
        Assert.Empty(Directory.GetFileSystemEntries(bed.Spool));
    }

    [Fact]
    [Rule("AST-07")]
    public async Task A_commit_is_fetched_once_and_a_branch_is_what_it_is_today()
    {
        string commit = await server.CommitAsync();
        BoundAsset one = await FetchAsync(("vcs.commit", commit)), branch = await FetchAsync(("vcs.branch", "main")), head = await FetchAsync(("resource_type", "application/x-git"));
        Assert.Equal((one.Content, one.Content), (branch.Content, head.Content));
        Write("top.txt", "two");
        await server.CommitAsync();
        int asked = server.Requests.Count;

        time.Advance(TimeSpan.FromHours(23));
        Assert.Equal(one.Content, (await FetchAsync(("vcs.branch", "main"))).Content);
        Assert.Equal(asked, server.Requests.Count);
        time.Advance(TimeSpan.FromHours(2));
        BoundAsset later = await FetchAsync(("vcs.branch", "main"));

        Assert.Equal("two", await TextAsync(await ReadAsync(later.Content), "top.txt"));
        asked = server.Requests.Count;
        Assert.Equal(one.Content, (await FetchAsync(("vcs.commit", commit))).Content);
        Assert.Equal(asked, server.Requests.Count);
        Assert.Null(one.Expires);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_earlier_commit_is_had_from_servers_that_give_out_any_and_from_those_that_give_out_branches(bool givesAny)
    {
        string commit = await server.CommitAsync();
        Write("top.txt", "two");
        await server.CommitAsync();
        await server.GitAsync("--git-dir", await server.PublishAsync(), "config", "uploadpack.allowAnySHA1InWant", givesAny ? "true" : "false");

        BoundAsset found = await FetchAsync(("vcs.commit", commit));

        Assert.Equal("one", await TextAsync(await ReadAsync(found.Content), "top.txt"));
    }

    [Fact]
    public async Task A_server_of_files_will_do()
    {
        string commit = await server.CommitAsync();
        await server.GitAsync("--git-dir", await server.PublishAsync(), "update-server-info");

        BoundAsset byBranch = await FetchAsync($"{server.Address}/files/app", ("vcs.branch", "main"));
        BoundAsset byCommit = await FetchAsync($"{server.Address}/files/app", ("vcs.commit", commit));

        Assert.Equal(byBranch.Content, byCommit.Content);
        Assert.Equal("one", await TextAsync(await ReadAsync(byCommit.Content), "top.txt"));
    }

    [Fact]
    [Rule("AST-04")]
    public async Task A_commit_and_a_branch_have_to_fit_together()
    {
        string commit = await server.CommitAsync();
        Write("top.txt", "two");
        string other = await server.CommitAsync("other/branch");

        await FetchAsync(("vcs.commit", commit), ("vcs.branch", "refs/heads/other/branch"));

        AssetException refused = await FailAsync(AssetFailure.Absent, ("vcs.commit", other), ("vcs.branch", "main"));
        Assert.EndsWith($"there is no commit {other}", refused.Message, StringComparison.Ordinal);
        await server.GitAsync("push", "--quiet", await server.PublishAsync(), $"{commit}:refs/heads/old");
        Assert.EndsWith($"there is no commit {other}", (await FailAsync(AssetFailure.Absent, ("vcs.commit", other), ("vcs.branch", "old"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vcs.branch", "none", "/app", AssetFailure.Absent)]
    [InlineData("vcs.commit", Zeros, "/app", AssetFailure.Absent)]
    [InlineData("vcs.branch", "main", "/none", AssetFailure.Absent)]
    [InlineData("vcs.branch", "main", "/secret", AssetFailure.Refused)]
    [InlineData("vcs.branch", "main", "/forbidden", AssetFailure.Refused)]
    [InlineData("vcs.branch", "main", "/broken", AssetFailure.Unavailable)]
    [InlineData("vcs.branch", "main", "/metadata", AssetFailure.Refused)]
    [InlineData("vcs.branch", "main", "/plain", AssetFailure.Refused)]
    public async Task What_can_not_be_had_is_told_as_what_it_is(string qualifier, string value, string path, AssetFailure failure)
    {
        await server.CommitAsync();
        server.Answer("/secret/info/refs", response =>
        {
            response.StatusCode = StatusCodes.Status401Unauthorized;
            response.Headers.WWWAuthenticate = "Basic realm=\"x\"";
        });
        server.Answer("/forbidden/info/refs", response => response.StatusCode = StatusCodes.Status403Forbidden);
        server.Answer("/broken/info/refs", response => response.StatusCode = StatusCodes.Status500InternalServerError);
        server.Answer("/metadata/info/refs", response => response.Redirect("https://169.254.169.254/app/info/refs?service=git-upload-pack"));
        server.Answer("/plain/info/refs", response => response.Redirect($"{bed.Web.Address}/app/info/refs?service=git-upload-pack"));

        AssetException told = await bed.FailAsync(failure, Ask(server.Address + path, (qualifier, value)));

        Assert.Contains(path == "/metadata" ? "nothing is fetched from 169.254.169.254" : server.Address + path, told.Message, StringComparison.Ordinal);
        Assert.Empty(bed.Web.Requests);
        Assert.Empty(Directory.GetFileSystemEntries(bed.Spool));
    }

    [Fact]
    public async Task Nothing_is_fetched_from_private_addresses_nor_without_TLS_nor_from_who_nobody_vouches_for()
    {
        string commit = await server.CommitAsync();
        await using AssetBed strict = await OpenAsync(allowsPrivate: false), doubting = await OpenAsync(change: options => options with { CaFile = null });
        int asked = server.Requests.Count;

        AssetException told = await strict.FailAsync(AssetFailure.Refused, Ask(Repository, ("vcs.commit", commit)));

        Assert.StartsWith("nothing is fetched from localhost, as its address is private or reserved: ", told.Message, StringComparison.Ordinal);
        await bed.FailAsync(AssetFailure.Refused, Ask($"{bed.Web.Address}/app", ("vcs.commit", commit)));
        await doubting.FailAsync(AssetFailure.Refused, Ask(Repository, ("vcs.commit", commit)));
        Assert.Equal(asked, server.Requests.Count);
        Assert.Empty(bed.Web.Requests);
    }

    [Fact]
    public async Task Headers_are_sent_to_the_host_and_not_to_where_it_leads()
    {
        string commit = await server.CommitAsync();
        server.Answer("/moved/info/refs", response => response.Redirect($"{Repository}/info/refs?service=git-upload-pack"));

        await FetchAsync(("vcs.commit", commit), ("http_header:Authorization", "Bearer secret"));
        Assert.All(server.Requests, request => Assert.Equal("Bearer secret", request.Authorization));
        await FetchAsync($"{server.Address}/moved", ("vcs.commit", commit));
        server.Requests.Clear();
        await bed.FailAsync(AssetFailure.Refused, Ask($"{server.Address}/moved", ("vcs.branch", "main"), ("http_header:Authorization", "Bearer secret")));

        Assert.All(server.Requests, request => Assert.Equal("/moved/info/refs", request.Path));
    }

    [Fact]
    public async Task A_repository_may_have_so_many_bytes_on_the_way_and_so_many_as_files()
    {
        await using AssetBed small = await OpenAsync(change: options => options with { MaxBytes = 1_000_000 });
        File.WriteAllBytes(server.Work("noise"), TestBlob.Random(1, 3_000_000).Content);
        string noise = await server.CommitAsync();
        File.WriteAllBytes(server.Work("noise"), new byte[50_000_000]);
        await server.CommitAsync("zeros");

        await small.FailAsync(AssetFailure.TooLong, Ask(Repository, ("vcs.commit", noise)));
        await small.FailAsync(AssetFailure.TooLong, Ask(Repository, ("vcs.branch", "zeros")));

        Assert.Empty(Directory.GetFileSystemEntries(small.Spool));
    }

    [Fact]
    [Rule("AST-05")]
    public async Task A_server_that_does_not_answer_is_given_up_and_nothing_is_left()
    {
        var asked = new TaskCompletionSource();
        server.Pages["/silent/info/refs"] = async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        };

        Task<AssetException> failing = bed.FailAsync(AssetFailure.TimedOut, Ask($"{server.Address}/silent", ("vcs.branch", "main")));
        await asked.Task;
        time.Advance(TimeSpan.FromMinutes(10));
        await failing;

        await bed.Fetcher.DisposeAsync();
        Assert.Empty(Directory.GetFileSystemEntries(bed.Spool));
    }

    [Theory]
    [InlineData(".git")]
    [InlineData(".GIT")]
    [InlineData("..")]
    public async Task A_commit_with_names_that_no_commit_has_is_refused(string name)
    {
        await server.CommitAsync();
        string blob = await server.GitAsync("hash-object", "-w", "top.txt");
        File.WriteAllText(server.Work("entries"), $"100644 blob {blob}\tconfig\n");
        string inner = await ShellAsync("git mktree <entries");
        File.WriteAllText(server.Work("entries"), $"040000 tree {inner}\t{name}\n");
        string tree = await ShellAsync("git mktree <entries"), commit = await server.GitAsync("commit-tree", "-m", "evil", tree);
        await server.GitAsync("push", "--quiet", await server.PublishAsync(), $"{commit}:refs/heads/evil");

        AssetException told = await FailAsync(AssetFailure.Inconsistent, ("vcs.commit", commit));
        Assert.EndsWith("it has names like '.git', which no file of a repository has", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submodules_are_left_empty_and_nothing_of_a_repository_is_run()
    {
        string commit = await server.CommitAsync();
        Directory.CreateDirectory(server.Work("sub"));
        Write(".gitmodules", "[submodule \"sub\"]\n\tpath = sub\n\turl = https://169.254.169.254/app\n");
        await server.GitAsync("update-index", "--add", "--cacheinfo", $"160000,{commit},sub");
        string withModule = await server.CommitAsync();

        Reapi.Directory root = await ReadAsync((await FetchAsync(("vcs.commit", withModule))).Content);

        Assert.Equal(["lib", "sub"], root.Directories.Select(directory => directory.Name));
        Assert.Equal(0, root.Directories[1].Digest.SizeBytes);
    }

    [Theory]
    [InlineData("qualifier 'vcs.commit' is no hash of a commit: write all 40 digits of it, or 64", "vcs.commit", "0123abc")]
    [InlineData("qualifier 'vcs.branch' is no name that a branch can have", "vcs.branch", "--upload-pack=evil")]
    [InlineData("qualifier 'vcs.branch' is no name that a branch can have", "vcs.branch", "a..b")]
    [InlineData("qualifier 'vcs.branch' is no name that a branch can have", "vcs.branch", "a:refs/heads/b")]
    [InlineData("qualifier 'checksum.sri' is of a file", "checksum.sri", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")]
    public async Task What_can_be_no_revision_is_told(string message, string name, string value)
    {
        AssetException told = await FailAsync(AssetFailure.Unsupported, ("resource_type", "application/x-git"), (name, value));

        Assert.Contains(message, told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_a_directory_can_be_a_repository_and_only_one_that_is_no_archive()
    {
        AssetRequest blob = AssetBed.Ask(AssetKind.Blob, [Repository], ("resource_type", "application/x-git"));

        Assert.Equal("a repository of git is a directory: ask for it with FetchDirectory", (await bed.FailAsync(AssetFailure.Unsupported, blob)).Message);
        Assert.Equal(["vcs.commit"], (await bed.FailAsync(AssetFailure.Unsupported, AssetBed.Ask(AssetKind.Blob, [Repository], ("vcs.commit", Zeros)))).UnknownQualifiers);
        Assert.Equal(["vcs.branch"], (await FailAsync(AssetFailure.Unsupported, ("vcs.branch", "main"), ("resource_type", "application/zip"))).UnknownQualifiers);
    }

    [Fact]
    public async Task A_machine_without_git_says_so()
    {
        await using AssetBed without = await OpenAsync(change: options => options with { Git = "/nowhere/git" });

        AssetException told = await without.FailAsync(AssetFailure.Unsupported, Ask(Repository, ("vcs.branch", "main")));

        Assert.EndsWith("repositories of git can't be fetched: the program git is not installed on the server", told.Message, StringComparison.Ordinal);
    }

    private static AssetRequest Ask(string uri, params (string, string)[] qualifiers) => AssetBed.Ask(AssetKind.Directory, [uri], qualifiers);

    private Task<AssetBed> OpenAsync(bool allowsPrivate = true, Func<AssetFetchOptions, AssetFetchOptions>? change = null) =>
        AssetBed.StartAsync(allowsPrivate, options => change is null ? options with { CaFile = server.CaFile } : change(options with { CaFile = server.CaFile }), time);

    private Task<BoundAsset> FetchAsync(params (string, string)[] qualifiers) => FetchAsync(Repository, qualifiers);

    private Task<BoundAsset> FetchAsync(string uri, params (string, string)[] qualifiers) => bed.FetchAsync(Ask(uri, qualifiers));

    private Task<AssetException> FailAsync(AssetFailure failure, params (string, string)[] qualifiers) => bed.FailAsync(failure, Ask(Repository, qualifiers));

    private async Task<string> ShellAsync(string script)
    {
        await using ChildProcess shell = ChildProcess.Start("sh", ["-c", script], server.Work());
        Assert.True(await shell.WaitForExitAsync() == 0, shell.Output);
        return shell.Output.Trim();
    }

    private void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(server.Work(path))!);
        File.WriteAllText(server.Work(path), content);
    }

    private async Task<Reapi.Directory> ReadAsync(Digest digest) => Reapi.Directory.Parser.ParseFrom(await bed.ReadAsync(digest));

    private async Task<string> TextAsync(Reapi.Directory directory, string name)
    {
        Assert.True(Digest.TryParse(default, DigestFunction.Sha256, directory.Files.Single(file => file.Name == name).Digest, out Digest digest, out _));
        return System.Text.Encoding.UTF8.GetString(await bed.ReadAsync(digest));
    }
}
