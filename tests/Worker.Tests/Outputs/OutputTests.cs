using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Sandbox;
using Format = Build.Bazel.Remote.Execution.V2.Command.Types.OutputDirectoryFormat;

namespace RemoteExec.Worker.Tests.Outputs;

/// <summary>What becomes of what an action leaves behind.</summary>
public sealed class OutputTests
{
    [Fact, Rule("OUT-01"), Rule("OUT-04"), Rule("OUT-05"), Rule("CMD-03"), Rule("SYM-04"), Rule("Q-13")]
    public async Task Output_paths_become_files_directories_and_symlinks_as_they_are_found()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ExecuteResponse response = (await worker.ShellAsync(
            "echo f > file; mkdir -p dir/sub; echo d > dir/sub/x; ln -s file link; ln -s dir/sub dirlink; ln -s nowhere dangling; echo other > undeclared",
            "absent", "dangling", "dir", "dirlink", "file", "link")).Response;

        Assert.Null(response.Status);
        Reapi.ActionResult result = response.Result;
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("file", Assert.Single(result.OutputFiles).Path);
        Assert.Equal("dir", Assert.Single(result.OutputDirectories).Path);
        Assert.Equal(
            ["dangling → nowhere", "dirlink → dir/sub", "link → file"], result.OutputSymlinks.Select(link => $"{link.Path} → {link.Target}").Order(StringComparer.Ordinal));
    }

    [Fact, Rule("OUT-02"), Rule("Q-16")]
    public async Task The_older_symlink_lists_are_filled_too_with_the_same_targets()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ActionResult result = (await worker.ShellAsync("mkdir d; touch f; ln -s d dl; ln -s f fl; ln -s no nl", "dl", "fl", "nl")).Response.Result;

#pragma warning disable CS0612 // deprecated, but to be served
        Assert.Equal(["dl d"], result.OutputDirectorySymlinks.Select(link => $"{link.Path} {link.Target}"));
        Assert.Equal(["fl f", "nl no"], result.OutputFileSymlinks.Select(link => $"{link.Path} {link.Target}").Order(StringComparer.Ordinal));
#pragma warning restore CS0612
    }

    [Fact, Rule("OUT-01"), Rule("Q-73")]
    public async Task Output_paths_are_relative_to_the_working_directory()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        var command = new Reapi.Command
        {
            Arguments = { "/bin/sh", "-c", "echo x > o/f; echo y > ../beside" },
            WorkingDirectory = "wd",
            OutputPaths = { "o/f", "../beside" },
        };

        Reapi.ActionResult result = (await worker.RunAsync(command)).Response.Result;

        Assert.Equal(["../beside", "o/f"], result.OutputFiles.Select(file => file.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_executable_bit_is_taken_from_the_file()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ActionResult result = (await worker.ShellAsync("touch a b; chmod 711 b; mkdir d; cp b d/b; chmod 755 d/b; touch d/a", "a", "b", "d")).Response.Result;

        Assert.Equal([("a", false), ("b", true)], result.OutputFiles.Select(file => (file.Path, file.IsExecutable)).Order());
        Reapi.Tree tree = await worker.ReadAsync(result.OutputDirectories[0].TreeDigest, Reapi.Tree.Parser);
        Assert.Equal([("a", false), ("b", true)], tree.Root.Files.Select(file => (file.Name, file.IsExecutable)));
    }

    [Fact, Rule("OUT-06"), Rule("OUT-07"), Rule("Q-34"), Rule("DIR-03")]
    public async Task A_directory_becomes_a_canonical_topologically_sorted_tree()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ActionResult result = (await worker.ShellAsync(
            "mkdir -p d/b/same d/a/b/same d/a/empty d/𐀀 d/ﬀ; echo x | tee d/b/same/f d/a/b/same/f > d/ä; ln -s ../x d/b/l", "d")).Response.Result;

        Reapi.OutputDirectory directory = Assert.Single(result.OutputDirectories);
        byte[] encoded = await worker.ReadBytesAsync(directory.TreeDigest);
        Assert.True(directory.IsTopologicallySorted);
        Assert.True(TreeValidator.IsTopologicallySorted(encoded, ActionFixture.Anchor));
        Assert.Null(directory.RootDirectoryDigest);
        Reapi.Tree tree = Reapi.Tree.Parser.ParseFrom(encoded);
        Assert.True(TreeValidator.TryValidate(tree, ActionFixture.Anchor, allowAbsoluteTargets: false, out string? error), error);
        Assert.Equal(["a", "b", "ﬀ", "𐀀"], tree.Root.Directories.Select(child => child.Name)); // by UTF-8, where .NET would sort the other way round
        Assert.Equal(tree.Children.Count, tree.Children.Distinct().Count());
        Assert.Equal(5, tree.Children.Count); // a, b, a/b, same (twice), and the empty ones (three times)
        Assert.Equal(ActionFixture.Anchor.SiblingOf(encoded).ToProto(), directory.TreeDigest);
    }

    [Fact, Rule("OUT-06")]
    public async Task An_empty_directory_has_a_tree_too()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        worker.Inputs.AddDirectory("given");

        Reapi.ActionResult result = (await worker.ShellAsync("true", "given")).Response.Result;

        Assert.Equal(new Reapi.Tree { Root = new Reapi.Directory() }, await worker.ReadAsync(Assert.Single(result.OutputDirectories).TreeDigest, Reapi.Tree.Parser));
    }

    [Theory, Rule("CMD-09"), Rule("OUT-08"), Rule("Q-72"), Rule("Q-60")]
    [InlineData(Format.DirectoryOnly)]
    [InlineData(Format.TreeAndDirectory)]
    public async Task Directories_are_stored_one_by_one_if_asked_for(Format format)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        var command = new Reapi.Command
        {
            Arguments = { "/bin/sh", "-c", "mkdir -p d/a/b; echo x > d/a/b/f" },
            OutputPaths = { "d" },
            OutputDirectoryFormat = format,
        };

        Reapi.ActionResult result = (await worker.RunAsync(command)).Response.Result;

        Reapi.OutputDirectory output = Assert.Single(result.OutputDirectories);
        Reapi.Tree tree = await worker.ReadAsync(output.TreeDigest, Reapi.Tree.Parser);
        Reapi.Directory root = await worker.ReadAsync(output.RootDirectoryDigest, Reapi.Directory.Parser);
        Reapi.Directory a = await worker.ReadAsync(root.Directories[0].Digest, Reapi.Directory.Parser);
        Reapi.Directory b = await worker.ReadAsync(a.Directories[0].Digest, Reapi.Directory.Parser);
        Assert.Equal(tree.Root, root);
        Assert.Equal([a, b], tree.Children);
        Assert.Equal("x\n", await worker.ReadAsync(b.Files[0].Digest));
    }

    [Fact, Rule("CMD-09")]
    public async Task An_unknown_directory_format_means_trees()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        var command = new Reapi.Command { Arguments = { "mkdir", "d" }, OutputPaths = { "d" }, OutputDirectoryFormat = (Format)77 };

        Reapi.OutputDirectory output = Assert.Single((await worker.RunAsync(command)).Response.Result.OutputDirectories);

        Assert.NotNull(output.TreeDigest);
        Assert.Null(output.RootDirectoryDigest);
    }

    [Fact, Rule("OUT-01"), Rule("OUT-02"), Rule("CMD-04")]
    public async Task The_older_output_fields_are_served()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
#pragma warning disable CS0612 // deprecated, but to be served
        var command = new Reapi.Command
        {
            Arguments = { "/bin/sh", "-c", "echo f > f; ln -s f fl; mkdir d; ln -s d dl; ln -s no nl" },
            OutputFiles = { "absent", "f", "fl", "nl" },
            OutputDirectories = { "d", "dl" },
        };

        Reapi.ActionResult result = (await worker.RunAsync(command)).Response.Result;

        Assert.Equal(["f"], result.OutputFiles.Select(file => file.Path));
        Assert.Equal(["d"], result.OutputDirectories.Select(directory => directory.Path));
        Assert.Equal(["fl", "nl"], result.OutputFileSymlinks.Select(link => link.Path));
        Assert.Equal(["dl"], result.OutputDirectorySymlinks.Select(link => link.Path));
#pragma warning restore CS0612
        Assert.Empty(result.OutputSymlinks); // only for output_paths
    }

    [Fact, Rule("CMD-04")]
    public async Task The_working_directory_itself_may_be_an_output()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        await worker.AddFileAsync("wd/input", "i");
#pragma warning disable CS0612 // deprecated, but to be served
        var command = new Reapi.Command { Arguments = { "touch", "new" }, WorkingDirectory = "wd", OutputDirectories = { "" } };
#pragma warning restore CS0612

        Reapi.OutputDirectory output = Assert.Single((await worker.RunAsync(command)).Response.Result.OutputDirectories);

        Assert.Equal("", output.Path);
        Assert.Equal(["input", "new"], (await worker.ReadAsync(output.TreeDigest, Reapi.Tree.Parser)).Root.Files.Select(file => file.Name));
    }

    [Theory, Rule("OUT-03")]
    [InlineData("mkdir o", "o", "", "directory")]
    [InlineData("touch o", "", "o", "a file")]
    [InlineData("mkdir d; ln -s d o", "o", "", "symlink to a directory")]
    [InlineData("touch f; ln -s f o", "", "o", "symlink to a file")]
    public async Task An_older_output_field_of_the_wrong_kind_is_FAILED_PRECONDITION(string script, string file, string directory, string reason)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        var command = new Reapi.Command { Arguments = { "/bin/sh", "-c", "echo log; " + script } };
#pragma warning disable CS0612 // deprecated, but to be served
        command.OutputFiles.AddRange(file.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        command.OutputDirectories.AddRange(directory.Split(' ', StringSplitOptions.RemoveEmptyEntries));
#pragma warning restore CS0612

        Reapi.ExecuteResponse response = (await worker.RunAsync(command)).Response;

        AssertRefused(response, reason);
        Assert.Equal("log\n", await worker.ReadAsync(response.Result.StdoutDigest)); // EXE-07
    }

    [Fact, Rule("OUT-13"), Rule("CMD-08")]
    public async Task Node_properties_are_told_only_if_asked_for()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        const string Script = "mkdir d; echo x > d/f; ln -s f d/l; cp d/f f; chmod 640 f d/f; chmod 750 d; touch -d @1000000000 f d/f d";
        var command = new Reapi.Command { Arguments = { "/bin/sh", "-c", Script }, OutputPaths = { "d", "f" }, OutputNodeProperties = { "mtime", "unix_mode" } };

        Reapi.ActionResult asked = (await worker.RunAsync(command)).Response.Result;
        command.OutputNodeProperties.Clear();
        Reapi.ActionResult unasked = (await worker.RunAsync(command)).Response.Result;

        Reapi.Directory root = (await worker.ReadAsync(asked.OutputDirectories[0].TreeDigest, Reapi.Tree.Parser)).Root;
        Assert.All(
            [(0x1A0U, asked.OutputFiles[0].NodeProperties), (0x1A0U, root.Files[0].NodeProperties), (0x1E8U, root.NodeProperties)], // 0640, 0640, 0750
            expected =>
            {
                Assert.Equal(expected.Item1, expected.Item2.UnixMode);
                Assert.Equal(1_000_000_000, expected.Item2.Mtime.Seconds);
            });
        Assert.NotNull(root.Symlinks[0].NodeProperties.Mtime);
        Assert.Null(unasked.OutputFiles[0].NodeProperties);
        Assert.Null((await worker.ReadAsync(unasked.OutputDirectories[0].TreeDigest, Reapi.Tree.Parser)).Root.NodeProperties);
    }

    [Fact, Rule("Q-17"), Rule("SYM-01"), Rule("SYM-02")]
    public async Task Absolute_symlinks_are_kept_but_those_into_the_actions_own_tree_become_relative()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ActionResult result = (await worker.ShellAsync(
            "mkdir -p o/d; ln -s $PWD/o/x o/d/own; ln -s /usr/bin/env out; ln -s $PWD/o/d/own own; ln -s ${PWD}x other", "o", "other", "out", "own")).Response.Result;

        var links = result.OutputSymlinks.ToDictionary(link => link.Path, link => link.Target);
        Assert.Equal("/usr/bin/env", links["out"]);
        Assert.Equal("o/d/own", links["own"]);
        Assert.Equal(NamespaceSandbox.Root + "x", links["other"]);
        Reapi.Tree tree = await worker.ReadAsync(result.OutputDirectories[0].TreeDigest, Reapi.Tree.Parser);
        Assert.Equal("../x", tree.Children[0].Symlinks[0].Target);
    }

    [Theory, Rule("SYM-02")]
    [InlineData("ln -s /etc o")]
    [InlineData("mkdir o; ln -s /etc o/x")]
    public async Task An_absolute_output_symlink_is_FAILED_PRECONDITION_where_they_are_not_allowed(string script)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { AllowAbsoluteSymlinks = false });

        AssertRefused((await worker.ShellAsync(script, "o")).Response, "absolute target '/etc'");
    }

    [Fact]
    public async Task A_command_that_failed_is_reported_as_such_even_if_an_output_is_bad()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ExecuteResponse response = (await worker.ShellAsync("mkfifo o; echo good > p; exit 9", "o", "p")).Response;

        Assert.Null(response.Status);
        Assert.Equal(9, response.Result.ExitCode);
        Assert.Equal("p", Assert.Single(response.Result.OutputFiles).Path);
        Assert.Contains("'o'", response.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32 * 1024)]
    [InlineData((32 * 1024) + 1)]
    [InlineData(700_000)]
    public async Task Outputs_of_all_sizes_arrive(int length)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ActionResult result = (await worker.ShellAsync($"head -c {length} /dev/urandom > o; cp o p; sha256sum < o | cut -c1-64", "o", "p")).Response.Result;

        Assert.Equal((await worker.ReadAsync(result.StdoutDigest)).Trim(), result.OutputFiles[0].Digest.Hash);
        Assert.Equal(length, result.OutputFiles[0].Digest.SizeBytes);
        Assert.Equal(result.OutputFiles[0].Digest, result.OutputFiles[1].Digest);
        Assert.True(length == 0 || (await worker.ReadBytesAsync(result.OutputFiles[0].Digest)).Length == length);
    }

    [Fact, Rule("CAS-05")]
    public async Task Only_what_the_CAS_lacks_is_uploaded_after_asking_once()
    {
        int asked = 0;
        var written = new List<Digest>();
        var store = new FaultyStore(new MemoryStore(1 << 24));
        await using ActionFixture worker = await ActionFixture.MakeAsync(cas: store);
        Digest known = await worker.StoreAsync("known\n"u8.ToArray());
        worker.Inputs.AddDirectory("");
        Digest command = await worker.StoreAsync(new Reapi.Command { Arguments = { "/bin/sh", "-c", "echo known > a; echo new > b; echo new > c; :> e" }, OutputPaths = { "a", "b", "c", "e" } });
        store.Before = (operation, digest) =>
        {
            if (operation == StoreOperation.FindMissing)
                asked++;
            if (operation == StoreOperation.OpenWrite)
                written.Add(digest!.Value);
            return ValueTask.CompletedTask;
        };

        ExecutionOutcome outcome = await worker.RunAsync(new Reapi.Action { CommandDigest = command.ToProto(), InputRootDigest = ActionFixture.Anchor.ToProto() });

        Assert.Equal(4, outcome.Response.Result.OutputFiles.Count);
        Assert.Equal(1, asked);
        Assert.Equal([ActionFixture.Anchor.SiblingOf("new\n"u8)], written);
        Assert.DoesNotContain(known, written);
    }

    [Fact, Rule("DIG-10"), Rule("DIG-11")]
    public async Task Outputs_use_the_digest_function_of_the_action()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        Digest anchor = EmptyBlob.DigestOf(InstanceName.Parse("i"), DigestFunction.Sha512);
        Digest command = await worker.Cas.StoreAsync(
            anchor, new Reapi.Command { Arguments = { "/bin/sh", "-c", "echo x; mkdir d; echo y > d/f" }, OutputPaths = { "d" } }.ToByteArray(), CancellationToken.None);
        var action = new Reapi.Action { CommandDigest = command.ToProto(), InputRootDigest = anchor.ToProto() };

        ExecutionOutcome outcome = await worker.Executor.ExecuteAsync(
            new ActionLease("l", anchor.SiblingOf(action.ToByteArray()), action, TimeSpan.FromMinutes(1), null), _ => { }, TestContext.Current.CancellationToken);

        Assert.Equal(128, outcome.Response.Result.StdoutDigest.Hash.Length);
        Assert.True(anchor.TryParseSibling(outcome.Response.Result.OutputDirectories[0].TreeDigest, out Digest tree, out _));
        Assert.Equal(128, (await worker.Cas.ReadMessageAsync(tree, Reapi.Tree.Parser, 1000, CancellationToken.None))!.Root.Files[0].Digest.Hash.Length);
    }

    internal static void AssertRefused(Reapi.ExecuteResponse response, string reason)
    {
        Assert.Equal((int)StatusCode.FailedPrecondition, response.Status?.Code);
        Assert.Empty(response.Status!.Details);
        Assert.Contains(reason, response.Status.Message, StringComparison.Ordinal);
    }

    [Fact, Rule("SYM-01"), Rule("OUT-02")]
    public async Task Where_the_action_saw_its_root_elsewhere_absolute_links_into_it_are_understood_as_it_meant_them()
    {
        using var temp = new TempDirectory();
        string root = Path.Combine(temp.Path, "here");
        Directory.CreateDirectory(Path.Combine(root, "d", "sub"));
        await File.WriteAllTextAsync(Path.Combine(root, "d", "sub", "f"), "content", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Path.Combine(root, "tod"), "/seen/there/d");
        File.CreateSymbolicLink(Path.Combine(root, "d", "up"), "/seen/there/d/sub/f");
        File.CreateSymbolicLink(Path.Combine(root, "out"), "/seen/thereabouts");
        var cas = new MemoryStore(1 << 20);
        var blobs = new OutputBlobs(cas, ActionFixture.Anchor);
        ActionCommand command = ActionCommand.Parse(new Reapi.Command { Arguments = { "x" }, OutputPaths = { "d", "out", "tod", "tod/sub/f" } });
        var result = new Reapi.ActionResult();

        IReadOnlyList<string> problems = await new OutputCollector(
            new OutputRoot(root, "/seen/there"), command, blobs, allowAbsoluteSymlinks: true, OutputLimits.Of(new WorkerOptions(), null)).CollectAsync(result, TestContext.Current.CancellationToken);
        await blobs.UploadAsync(TestContext.Current.CancellationToken);

        Assert.Empty(problems);
        Assert.Equal(["out → /seen/thereabouts", "tod → d"], result.OutputSymlinks.Select(link => $"{link.Path} → {link.Target}"));
        Assert.Equal("tod/sub/f", Assert.Single(result.OutputFiles).Path);
#pragma warning disable CS0612 // deprecated, but to be served
        Assert.Equal("tod", Assert.Single(result.OutputDirectorySymlinks).Path);
#pragma warning restore CS0612
        Assert.True(ActionFixture.Anchor.TryParseSibling(result.OutputDirectories[0].TreeDigest, out Digest tree, out _));
        Reapi.Tree found = Reapi.Tree.Parser.ParseFrom(await cas.ReadAllAsync(tree, int.MaxValue, TestContext.Current.CancellationToken));
        Assert.Equal("sub/f", Assert.Single(found.Root.Symlinks).Target);
    }
}
