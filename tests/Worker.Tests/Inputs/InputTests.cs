using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Worker.Tests.Inputs;

/// <summary>What an action finds when it starts.</summary>
public sealed class InputTests
{
    [Fact, Rule("DIR-07"), Rule("DIR-06"), Rule("SYM-01")]
    public async Task Files_directories_and_symlinks_are_laid_out_as_the_tree_says()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        await worker.AddFileAsync("a/file", "content");
        await worker.AddFileAsync("a/tool", "#!/bin/sh\necho tool", executable: true);
        await worker.AddFileAsync("Foo", "upper");
        await worker.AddFileAsync("foo", "lower");
        worker.Inputs.AddDirectory("empty/dir").AddSymlink("a/link", "../a//./file").AddSymlink("dangling", "../../nowhere").AddSymlink("absolute", "/etc/hostname");

        string stdout = await RunAsync(worker, "cat a/file Foo foo; echo; a/tool; readlink a/link dangling absolute; cat a/link; echo; ls -A empty/dir | wc -l; stat -c '%A %n' a/* a empty/dir");

        Assert.Equal(
            """
            contentupperlower
            tool
            ../a//./file
            ../../nowhere
            /etc/hostname
            content
            0
            -r--r--r-- a/file
            lrwxrwxrwx a/link
            -r-xr-xr-x a/tool
            drwxr-xr-x a
            drwxr-xr-x empty/dir

            """,
            stdout);
    }

    [Fact, Rule("DIR-06")]
    public async Task Names_that_only_people_confuse_are_different_files()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        string[] names = ["A", "a", "\u00e9", "e\u0301", "a\u202e", "a\u200b", "a\\b", "new\nline", "...", "-rf", "%2e%2e", new string('x', 255)];
        for (int i = 0; i < names.Length; i++)
            await worker.AddFileAsync("d/" + names[i], $"{i} ");

        Assert.Equal("0 1 2 3 4 5 6 7 8 9 10 11 ", await RunAsync(worker, "cat " + string.Join(' ', names.Select(name => $"'d/{name}'"))));
    }

    [Fact]
    public async Task One_blob_may_be_executable_in_one_place_and_not_in_another()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        await worker.AddFileAsync("plain", "#!/bin/sh\necho $0");
        await worker.AddFileAsync("tool", "#!/bin/sh\necho $0", executable: true);
        await worker.AddFileAsync("again/tool", "#!/bin/sh\necho $0", executable: true);

        Assert.Equal("./tool\nagain/tool\n444\n", await RunAsync(worker, "./tool; again/tool; ./plain 2>/dev/null; stat -c %a plain"));
    }

    [Fact, Rule("DIR-07")]
    public async Task Modes_and_times_of_inputs_are_kept()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        var properties = new Reapi.NodeProperties { UnixMode = 0x1A0, Mtime = new Timestamp { Seconds = 1_000_000_000 } }; // 0640
        await worker.AddFileAsync("f", "x", properties: properties);
        await worker.AddFileAsync("g", "x");
        worker.Inputs.AddDirectory("d", new Reapi.NodeProperties { UnixMode = 0x1C0, Mtime = new Timestamp { Seconds = 1_100_000_000 } }); // 0700
        await worker.AddFileAsync("d/inner", "y");

        Assert.Equal("640 1000000000\n444\n700 1100000000\n", await RunAsync(worker, "stat -c '%a %Y' f; stat -c %a g; stat -c '%a %Y' d"));
    }

    [Fact]
    public async Task Set_user_id_bits_of_inputs_are_dropped()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        await worker.AddFileAsync("f", "x", properties: new Reapi.NodeProperties { UnixMode = 0xFED }); // 07755

        Assert.Equal("755\n", await RunAsync(worker, "stat -c %a f"));
    }

    public static TheoryData<string, Reapi.Directory, string> BadDirectories()
    {
        Reapi.Digest digest = ActionFixture.Anchor.ToProto();
        Reapi.FileNode File(string name) => new() { Name = name, Digest = digest };
        return new()
        {
            { "DIR-01", new() { Files = { File("..") } }, "one path segment" },
            { "DIR-01", new() { Files = { File("a/b") } }, "one path segment" },
            { "DIR-01", new() { Directories = { new Reapi.DirectoryNode { Name = "", Digest = digest } } }, "one path segment" },
            { "DIR-02", new() { Files = { File("a") }, Symlinks = { new Reapi.SymlinkNode { Name = "a", Target = "/etc" } } }, "twice" },
            { "DIR-03", new() { Files = { File("b"), File("a") } }, "not sorted" },
            { "SYM-01", new() { Symlinks = { new Reapi.SymlinkNode { Name = "a" } } }, "no target" },
            { "DIG-01", new() { Files = { new Reapi.FileNode { Name = "a", Digest = new Reapi.Digest { Hash = "x" } } } }, "'x'" },
        };
    }

    [Theory, Rule("DIR-01"), Rule("DIR-02"), Rule("DIR-03"), Rule("DIR-05"), Rule("SYM-01"), Rule("DIG-01")]
    [MemberData(nameof(BadDirectories), DisableDiscoveryEnumeration = true)]
    public async Task A_tree_that_breaks_a_rule_is_INVALID_ARGUMENT(string rule, Reapi.Directory directory, string reason)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        Digest inner = await worker.StoreAsync(directory);
        Digest root = await worker.StoreAsync(new Reapi.Directory { Directories = { new Reapi.DirectoryNode { Name = "d", Digest = inner.ToProto() } } });

        ExecutionOutcome outcome = await worker.RunAsync(
            new Reapi.Action { CommandDigest = (await worker.StoreAsync(new Reapi.Command { Arguments = { "true" } })).ToProto(), InputRootDigest = root.ToProto() });

        Assert.NotEmpty(rule);
        ExecutorTests.AssertInvalid(outcome, reason);
    }

    [Fact, Rule("SYM-02")]
    public async Task An_absolute_input_symlink_is_refused_where_they_are_not_allowed()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { AllowAbsoluteSymlinks = false });
        worker.Inputs.AddSymlink("d/link", "/etc/passwd");

        ExecutorTests.AssertInvalid(await worker.ShellAsync("true"), "/etc/passwd");
    }

    [Fact, Rule("CAS-26")]
    public async Task A_tree_that_unfolds_without_end_is_INVALID_ARGUMENT()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { MaxInputNodes = 10_000 });
        Digest directory = ActionFixture.Anchor;
        for (int level = 0; level < 40; level++)
        {
            directory = await worker.StoreAsync(new Reapi.Directory
            {
                Directories = { new Reapi.DirectoryNode { Name = "a", Digest = directory.ToProto() }, new Reapi.DirectoryNode { Name = "b", Digest = directory.ToProto() } },
            });
        }

        Digest command = await worker.StoreAsync(new Reapi.Command { Arguments = { "true" } });
        ExecutorTests.AssertInvalid(
            await worker.RunAsync(new Reapi.Action { CommandDigest = command.ToProto(), InputRootDigest = directory.ToProto() }), "more than 10000");
    }

    [Fact]
    public async Task A_name_or_a_path_that_the_file_system_can_not_hold_is_INVALID_ARGUMENT()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        await worker.AddFileAsync(new string('x', 300), "content");
        ExecutionOutcome longName = await worker.ShellAsync("true");
        worker.Inputs.AddDirectory(string.Join('/', Enumerable.Repeat(new string('x', 200), 30)));
        ExecutionOutcome longPath = await worker.ShellAsync("true");
        ExecutionOutcome longOutput = await worker.ShellAsync("true", new string('x', 300) + "/out");

        ExecutorTests.AssertInvalid(longName, "too long");
        ExecutorTests.AssertInvalid(longPath, "too long");
        ExecutorTests.AssertInvalid(longOutput, "too long");
    }

    [Fact, Rule("CMD-07")]
    public async Task The_command_starts_in_its_working_directory()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        await worker.AddFileAsync("a/b/file", "here");

        Reapi.ActionResult result = (await worker.RunAsync(new Reapi.Command { Arguments = { "cat", "file" }, WorkingDirectory = "a/b" })).Response.Result;

        Assert.Equal("here", await worker.ReadAsync(result.StdoutDigest));
    }

    [Theory, Rule("CMD-07"), Rule("Q-51")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("absent/from/tree")]
    public async Task A_working_directory_that_is_absent_or_a_dot_is_accepted(string workingDirectory)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ActionResult result = (await worker.RunAsync(
            new Reapi.Command { Arguments = { "touch", "out" }, WorkingDirectory = workingDirectory, OutputPaths = { "out" } })).Response.Result;

        Assert.Equal("out", Assert.Single(result.OutputFiles).Path);
    }

    [Theory, Rule("CMD-07")]
    [InlineData("file", "no directory")]
    [InlineData("..", "outside")]
    [InlineData("a/../../..", "outside")]
    [InlineData("etc", "outside")]
    [InlineData("/etc", "not absolute")]
    public async Task A_working_directory_that_is_none_or_lies_outside_is_INVALID_ARGUMENT(string workingDirectory, string reason)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        await worker.AddFileAsync("file", "x");
        worker.Inputs.AddSymlink("etc", "/etc");

        ExecutorTests.AssertInvalid(await worker.RunAsync(new Reapi.Command { Arguments = { "true" }, WorkingDirectory = workingDirectory }), reason);
    }

    [Fact, Rule("CMD-06"), Rule("Q-16")]
    public async Task Parents_of_outputs_exist_but_not_the_outputs_themselves()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        worker.Inputs.AddDirectory("wd/given");

        var command = new Reapi.Command
        {
            Arguments = { "/bin/sh", "-c", "find . | sort" },
            WorkingDirectory = "wd",
            OutputPaths = { "a/b/file", "given", "../beside/x" },
        };
        string stdout = await worker.ReadAsync((await worker.RunAsync(command)).Response.Result.StdoutDigest);

        Assert.Equal(".\n./a\n./a/b\n./given\n", stdout);
    }

    [Fact, Rule("CMD-06")]
    public async Task Parents_of_outputs_of_the_older_fields_exist_too()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
#pragma warning disable CS0612 // deprecated, but to be served
        var command = new Reapi.Command { Arguments = { "/bin/sh", "-c", "find . | sort" }, OutputFiles = { "a/file" }, OutputDirectories = { "b/dir", "" } };
#pragma warning restore CS0612

        Assert.Equal(".\n./a\n./b\n", await worker.ReadAsync((await worker.RunAsync(command)).Response.Result.StdoutDigest));
    }

    [Fact]
    public async Task Parents_of_outputs_are_not_made_outside_of_the_root()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        string target = Path.Combine(worker.Scratch.Cache, "victim");
        Directory.CreateDirectory(target);
        worker.Inputs.AddSymlink("out", target);

        ExecutorTests.AssertInvalid(await worker.ShellAsync("true", "out/made/file"), "outside of the input root");

        Assert.Empty(Directory.EnumerateFileSystemEntries(target));
    }

    [Fact]
    public async Task A_symlink_within_the_root_may_lead_to_outputs()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        worker.Inputs.AddDirectory("real").AddSymlink("out", "x/../real").AddDirectory("x");

        Reapi.ActionResult result = (await worker.ShellAsync("echo hi > real/sub/file", "out/sub/file")).Response.Result;

        Assert.Equal("hi\n", await worker.ReadAsync(Assert.Single(result.OutputFiles).Digest));
    }

    [Theory, Rule("CMD-04"), Rule("CMD-05")]
    [InlineData("/absolute", "not absolute")]
    [InlineData("slash/", "no slash at the end")]
    [InlineData("../outside", "outside")]
    [InlineData("a/../../outside", "outside")]
    [InlineData("nul\0", "NUL")]
    public async Task A_bad_output_path_is_INVALID_ARGUMENT(string path, string reason)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        ExecutorTests.AssertInvalid(await worker.ShellAsync("true", path), reason);
    }

    [Theory, Rule("CMD-05")]
    [InlineData("a", "a", "", "declared twice")]
    [InlineData("a", "a/b", "", "can't also be the directory")]
    [InlineData("a", "", "a", "declared twice")]
    [InlineData("a", "", "a/b", "can't also be the directory")]
    public async Task Contradictions_among_the_older_output_fields_are_INVALID_ARGUMENT(string file, string otherFile, string directory, string reason)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        var command = new Reapi.Command { Arguments = { "true" } };
#pragma warning disable CS0612 // deprecated, but to be served
        command.OutputFiles.Add(file);
        if (otherFile.Length > 0)
            command.OutputFiles.Add(otherFile);
        if (directory.Length > 0)
            command.OutputDirectories.Add(directory);
#pragma warning restore CS0612

        ExecutorTests.AssertInvalid(await worker.RunAsync(command), reason);
    }

    [Fact, Rule("CMD-02")]
    public async Task Environment_variables_in_any_order_are_accepted_but_not_impossible_ones()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        var good = new Reapi.Command { Arguments = { "/bin/sh", "-c", "echo $A$B" } };
        good.EnvironmentVariables.Add(new Reapi.Command.Types.EnvironmentVariable { Name = "B", Value = "2" });
        good.EnvironmentVariables.Add(new Reapi.Command.Types.EnvironmentVariable { Name = "A", Value = "1" });
        var bad = new Reapi.Command { Arguments = { "true" } };
        bad.EnvironmentVariables.Add(new Reapi.Command.Types.EnvironmentVariable { Name = "A=B", Value = "2" });

        Assert.Equal("12\n", await worker.ReadAsync((await worker.RunAsync(good)).Response.Result.StdoutDigest));
        ExecutorTests.AssertInvalid(await worker.RunAsync(bad), "'A=B'");
    }

    [Fact, Rule("CMD-08")]
    public async Task An_unknown_node_property_is_INVALID_ARGUMENT()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        ExecutorTests.AssertInvalid(await worker.RunAsync(new Reapi.Command { Arguments = { "true" }, OutputNodeProperties = { "colour" } }), "'colour'");
    }

    private static async Task<string> RunAsync(ActionFixture worker, string script)
    {
        Reapi.ExecuteResponse response = (await worker.ShellAsync(script)).Response;
        Assert.Null(response.Status);
        return await worker.ReadAsync(response.Result.StdoutDigest);
    }
}
