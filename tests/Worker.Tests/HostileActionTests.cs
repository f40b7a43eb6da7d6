using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Tests.Outputs;

namespace RemoteExec.Worker.Tests;

/// <summary>Actions that go for the worker, in each tier of sandbox.</summary>
public abstract class HostileActionTests(string tier, bool? separateUsers = null)
{
    private const string Secret = "the worker's secret";

    [Fact, Rule("SYM-04")]
    public async Task A_symlink_to_a_secret_is_an_output_but_not_what_it_leads_to()
    {
        await using ActionFixture worker = await MakeAsync();
        string secret = WriteSecret(worker);

        Reapi.ActionResult result = (await worker.ShellAsync($"ln -s {secret} o; mkdir d; ln -s {Path.GetDirectoryName(secret)} d/l", "d", "o")).Response.Result;

        Assert.Empty(result.OutputFiles);
        Assert.Equal(secret, Assert.Single(result.OutputSymlinks).Target);
        await AssertSecretIsKeptAsync(worker);
    }

    [Fact]
    public async Task A_parent_of_an_output_that_became_a_symlink_leads_nowhere()
    {
        await using ActionFixture worker = await MakeAsync();
        string secret = WriteSecret(worker);

        Reapi.ExecuteResponse response = (await worker.ShellAsync(
            $"rmdir a/b; ln -s {Path.GetDirectoryName(secret)} a/b; echo log", $"a/b/{Path.GetFileName(secret)}")).Response;

        OutputTests.AssertRefused(response, "leads out of the input root");
        Assert.Empty(response.Result.OutputFiles);
        await AssertSecretIsKeptAsync(worker);
    }

    [Fact]
    public async Task A_parent_that_became_a_relative_symlink_to_outside_leads_nowhere()
    {
        await using ActionFixture worker = await MakeAsync();

        Reapi.ExecuteResponse response = (await worker.ShellAsync("rmdir a; ln -s ../../../../../../../../../../etc a", "a/passwd")).Response;

        OutputTests.AssertRefused(response, "leads out of the input root");
    }

    [Fact]
    public async Task A_working_directory_that_became_a_symlink_leads_nowhere()
    {
        await using ActionFixture worker = await MakeAsync();

        Reapi.ExecuteResponse response = (await worker.RunAsync(new Reapi.Command
        {
            Arguments = { "/bin/sh", "-c", "cd ..; rmdir wd; ln -s /etc wd" },
            WorkingDirectory = "wd",
            OutputPaths = { "passwd" },
        })).Response;

        OutputTests.AssertRefused(response, "leads out of the input root");
    }

    [Fact]
    public async Task An_input_root_that_was_emptied_has_no_outputs()
    {
        await using ActionFixture worker = await MakeAsync();
        await worker.AddFileAsync("a/b", "x");

        Reapi.ExecuteResponse response = (await worker.ShellAsync("cd /; rm -rf $OLDPWD/*", "a/o", "p")).Response;

        Assert.Null(response.Status);
        Assert.Empty(response.Result.OutputFiles);
    }

    [Fact]
    public async Task Closed_files_and_directories_are_outputs_like_others_and_are_deleted()
    {
        await using ActionFixture worker = await MakeAsync();

        Reapi.ActionResult result = (await worker.ShellAsync(
            "mkdir -p d/e; echo x > d/e/f; echo y > o; chmod 000 d/e/f o; chmod 000 d/e d; mkdir -p left/over; touch left/over/x; chmod 000 left/over left", "d", "o")).Response.Result;

        Assert.Equal("y\n", await worker.ReadAsync(Assert.Single(result.OutputFiles).Digest));
        Reapi.Tree tree = await worker.ReadAsync(Assert.Single(result.OutputDirectories).TreeDigest, Reapi.Tree.Parser);
        Assert.Equal("x\n", await worker.ReadAsync(Assert.Single(tree.Children).Files[0].Digest));
        await worker.AssertAllIsDeletedAsync();
    }

    [Theory]
    [InlineData("mkfifo o")]
    [InlineData("mkdir o; mkfifo o/p")]
    [InlineData("perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un(\"o\"))'")]
    public async Task What_is_no_file_directory_or_symlink_is_FAILED_PRECONDITION(string script)
    {
        await using ActionFixture worker = await MakeAsync();

        OutputTests.AssertRefused((await worker.ShellAsync(script, "o")).Response, "only files, directories and symlinks can be outputs");
    }

    [Fact]
    public async Task Strange_names_are_kept()
    {
        await using ActionFixture worker = await MakeAsync();

        Reapi.ActionResult result = (await worker.ShellAsync(
            "mkdir d; touch d/$'new\\nline' d/-rf d/' ' d/'*' d/'back\\slash' d/$'\\x01' d/'�' d/...", "d")).Response.Result;

        Reapi.Tree tree = await worker.ReadAsync(result.OutputDirectories[0].TreeDigest, Reapi.Tree.Parser);
        Assert.Equal(["\x01", " ", "*", "-rf", "...", "back\\slash", "new\nline", "�"], tree.Root.Files.Select(file => file.Name));
    }

    [Fact]
    public async Task Names_that_only_people_confuse_are_different_outputs()
    {
        await using ActionFixture worker = await MakeAsync();
        string[] names = ["A", "a", "a\\b", "a\u200b", "a\u202e", "e\u0301", "\u00e9"];

        Reapi.ActionResult result = (await worker.ShellAsync($"mkdir d; cd d; touch {string.Join(' ', names.Select(name => $"'{name}'"))}", "d")).Response.Result;

        Reapi.Tree tree = await worker.ReadAsync(result.OutputDirectories[0].TreeDigest, Reapi.Tree.Parser);
        Assert.Equal(names, tree.Root.Files.Select(file => file.Name));
    }

    [Theory]
    [InlineData("mkdir d; touch d/$'\\xff'")]
    [InlineData("mkdir d; touch d/$'\\xff' d/$'\\xfe'")]
    [InlineData("mkdir d; touch d/$'\\xff' d/'�'")]
    [InlineData("mkdir -p d/$'\\xff'/e")]
    [InlineData("mkdir d; ln -s $'\\xff' d/l")]
    [InlineData("ln -s $'\\xff' d")]
    public async Task Names_and_targets_that_are_no_UTF_8_are_FAILED_PRECONDITION(string script)
    {
        await using ActionFixture worker = await MakeAsync();

        OutputTests.AssertRefused((await worker.ShellAsync(script, "d")).Response, "no UTF-8");
        await worker.AssertAllIsDeletedAsync();
    }

    [Fact]
    public async Task Directories_deeper_than_any_path_are_refused_and_deleted()
    {
        await using ActionFixture worker = await MakeAsync();

        Reapi.ExecuteResponse response = (await worker.ShellAsync(
            "perl -e 'mkdir \"d\"; chdir \"d\"; for (1..600) { mkdir \"x\" x 20; chdir \"x\" x 20 } open F, \">f\"'", "d")).Response;

        OutputTests.AssertRefused(response, "File name too long");
        await worker.AssertAllIsDeletedAsync();
    }

    [Fact, Rule("SYM-04")]
    public async Task Deleting_follows_no_symlink()
    {
        await using ActionFixture worker = await MakeAsync();
        string secret = WriteSecret(worker);

        await worker.ShellAsync($"ln -s {Path.GetDirectoryName(secret)} l; mkdir d; ln -s {Path.GetDirectoryName(secret)} d/l; chmod 000 d");

        await worker.AssertAllIsDeletedAsync();
        await AssertSecretIsKeptAsync(worker);
    }

    [Theory]
    [InlineData("echo evil > f; echo evil >> f; : > f")]
    [InlineData("chmod u+w f; chmod 777 f; echo evil > f")]
    [InlineData("rm -f f; echo evil > f")]
    [InlineData("mv f g; chmod 777 g; echo evil > g")]
    [InlineData("ln f h; chmod 777 h; echo evil > h")]
    [InlineData("truncate -s 0 f; touch -d @0 f")]
    [InlineData("perl -e 'chmod 0777, \"f\"; open F, \"+<\", \"f\"; print F \"evil\"'")]
    [InlineData("echo evil > tool; chmod 777 tool; echo evil > tool")]
    public async Task Inputs_that_an_action_writes_to_are_unchanged_for_the_next(string script)
    {
        await using ActionFixture worker = await MakeAsync();

        await Add();
        await worker.ShellAsync($"{script}; true");
        await Add();
        Reapi.ActionResult result = (await worker.ShellAsync("cat f; ./tool; stat -c %a f tool")).Response.Result;

        Assert.Equal("content\ntool\n444\n555\n", await worker.ReadAsync(result.StdoutDigest));

        async Task Add()
        {
            await worker.AddFileAsync("f", "content\n");
            await worker.AddFileAsync("tool", "#!/bin/sh\necho tool\n", executable: true);
        }
    }

    [Fact]
    public async Task Nothing_of_an_action_is_left()
    {
        await using ActionFixture worker = await MakeAsync();
        worker.Inputs.AddDirectory("a/b");

        await worker.ShellAsync("touch a/b/c $TMPDIR/t; (setsid sleep 987 &)", "a/b/c");

        await worker.AssertAllIsDeletedAsync();
    }

    [Fact]
    public async Task An_executable_that_was_just_written_can_be_run_while_others_start()
    {
        await using ActionFixture worker = await MakeAsync();
        using var inputs = new SemaphoreSlim(1, 1);

        await Task.WhenAll(Enumerable.Range(0, 60).Select(async number =>
        {
            await inputs.WaitAsync(TestContext.Current.CancellationToken);
            Task<ExecutionOutcome> running;
            try
            {
                await worker.AddFileAsync("tool", $"#!/bin/sh\necho {number}\n", executable: true);
                running = worker.RunAsync(new Reapi.Command { Arguments = { "./tool" } });
            }
            finally
            {
                inputs.Release();
            }

            Reapi.ActionResult result = (await running).Response.Result;
            Assert.Equal(0, result.ExitCode);
            Assert.Equal($"{number}\n", await worker.ReadAsync(result.StdoutDigest));
        }));
    }

    private Task<ActionFixture> MakeAsync()
    {
        if (separateUsers != false)
            Needs.ActionUsers();
        return ActionFixture.MakeAsync(separateUsers: separateUsers, tier: tier);
    }

    private static string WriteSecret(ActionFixture worker)
    {
        string directory = Directory.CreateDirectory(Path.Combine(worker.Options.ScratchDirectory, "..", "secrets")).FullName;
        string path = Path.Combine(directory, "key");
        File.WriteAllText(path, Secret);
        return path;
    }

    private static async Task AssertSecretIsKeptAsync(ActionFixture worker)
    {
        Digest digest = ActionFixture.Anchor.SiblingOf(System.Text.Encoding.UTF8.GetBytes(Secret));
        Assert.Single(await worker.Cas.FindMissingAsync([digest], CancellationToken.None));
        Assert.Equal(Secret, await File.ReadAllTextAsync(Path.Combine(worker.Options.ScratchDirectory, "..", "secrets", "key")));
    }
}
