using RemoteExec.Protocol;
using RemoteExec.Protocol.Audits;
using RemoteExec.Worker.Audit;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests.Audit;

/// <summary>Reports of what actions look at, of real actions in each tier that has namespaces.</summary>
public abstract class AccessAuditTests(string tier)
{
    [Fact]
    public async Task A_report_tells_inputs_from_what_is_the_machines_and_from_what_is_nowhere()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await MakeAsync();
        await AddInputsAsync(worker);

        ExecutionOutcome outcome = await worker.ShellAsync("cat a/read link/read; test -e a/missing; cat /usr/include/stdio.h > /dev/null; echo made > out; cat out; (exec 3<>/dev/tcp/127.0.0.1/9)", "out");

        Accesses accesses = (await ReportAsync(worker, outcome))!.Accesses;
        Assert.Equal([NamespaceSandbox.Root + "/a/missing"], accesses.Absent.Where(path => path.StartsWith(NamespaceSandbox.Root, StringComparison.Ordinal)));
        Assert.Equal(["127.0.0.1:9"], accesses.Network);
        Assert.Contains("/usr/include/stdio.h", accesses.Host);
        Assert.Contains("/usr/bin/cat", accesses.Programs);
        Assert.DoesNotContain(accesses.Host, path => path.StartsWith(NamespaceSandbox.Root, StringComparison.Ordinal) || path.StartsWith("/tmp", StringComparison.Ordinal));
        Assert.Equal((3, 2), (accesses.Inputs, accesses.InputsRead));
        Assert.Equal(["a/unread"], accesses.UnreadInputs);
        Assert.Equal(accesses.Host.Count, accesses.HostDirectories.Sum(directory => directory.Files));
        Assert.Contains("remoteexec audit ", outcome.Response.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_action_is_audited_if_it_asks_for_that_and_not_if_it_asks_for_the_contrary()
    {
        Needs.ActionUsers();
        await using ActionFixture unwatched = await MakeAsync(reads: false);
        await using ActionFixture watched = await MakeAsync();

        Assert.Null(await ReportAsync(unwatched, await unwatched.ShellAsync("true")));
        Assert.NotNull((await ReportAsync(unwatched, await AskAsync(unwatched, "on")))!.Accesses);
        Assert.Null(await ReportAsync(watched, await AskAsync(watched, "off")));
        Assert.Equal(3, (await AskAsync(watched, "maybe")).Response.Status.Code);
    }

    [Fact]
    public async Task What_an_action_tried_before_its_timeout_is_told()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await MakeAsync();

        ExecutionOutcome outcome = await worker.RunAsync(new Reapi.Command { Arguments = { "/bin/bash", "-c", "(exec 3<>/dev/tcp/127.0.0.1/9); while :; do :; done" } }, TimeSpan.FromSeconds(1));

        Assert.Equal(4, outcome.Response.Status.Code);
        Assert.Equal(["127.0.0.1:9"], (await ReportAsync(worker, outcome))!.Accesses.Network);
    }

    internal static async Task<AuditReport?> ReportAsync(ActionFixture worker, ExecutionOutcome outcome)
    {
        Audited? audited = outcome.Response.Result.ExecutionMetadata.AuxiliaryMetadata.Where(any => any.Is(Audited.Descriptor)).Select(any => any.Unpack<Audited>()).SingleOrDefault();
        return audited is null ? null : await worker.ReadAsync(audited.Report, AuditReport.Parser);
    }

    private static async Task AddInputsAsync(ActionFixture worker)
    {
        await worker.AddFileAsync("a/read", "1\n");
        await worker.AddFileAsync("a/unread", "2\n");
        await worker.AddFileAsync("b/read", "3\n");
        worker.Inputs.AddSymlink("link", "b");
    }

    private static Task<ExecutionOutcome> AskAsync(ActionFixture worker, string value)
    {
        var command = new Reapi.Command { Arguments = { "/bin/true" } };
#pragma warning disable CS0612 // deprecated in the API, but where many clients have it
        command.Platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = SandboxProperties.Audit, Value = value } } };
#pragma warning restore CS0612
        return worker.RunAsync(command);
    }

    private Task<ActionFixture> MakeAsync(bool reads = true) =>
        ActionFixture.MakeAsync(options => options with { Sandbox = options.Sandbox with { Audit = new AuditOptions { Reads = reads } } }, tier: tier);
}

/// <summary>Where input roots are laid out.</summary>
public sealed class NamespacesAccessAuditTests() : AccessAuditTests("namespaces");

/// <summary>Where input roots are overlays and mounts.</summary>
public sealed class CachedTreesAccessAuditTests() : AccessAuditTests("cached-trees");
