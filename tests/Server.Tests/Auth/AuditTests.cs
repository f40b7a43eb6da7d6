using System.Text.Json;
using Build.Bazel.Remote.Execution.V2;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol.References;
using RemoteExec.Rpc;
using RemoteExec.Server.Auth.Audit;
using RemoteExec.Server.Cli;

namespace RemoteExec.Server.Tests.Auth;

/// <summary>The audit log says who did what, and what was denied to whom.</summary>
public sealed class AuditTests : IDisposable
{
    private const string Re = "/build.bazel.remote.execution.v2.", Names = "/remoteexec.references.v1.References/";
    private readonly TemporaryDirectory data = new();
    private readonly RecordingLogger log = new();
    private readonly ManualTimeProvider time = new();

    private string AuditFile => data["audit.jsonl"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => data.Dispose();

    private List<JsonElement> Read(string? file = null) => [.. File.ReadAllLines(file ?? AuditFile).Select(line => JsonDocument.Parse(line).RootElement)];

    private static string Text(JsonElement entry, string name) => entry.TryGetProperty(name, out JsonElement value) ? value.ToString() : "-";

    [Fact]
    public async Task Writes_denials_and_what_operators_do_are_written_down()
    {
        TestBlob blob = TestBlob.Random(1, 100);
        string ci, steers;
        await using (AccessServer access = await AccessServer.StartAsync("execution.enabled=true", $"auth.audit.file={AuditFile}"))
        {
            ci = access.Create("ci", ["team"]);
            steers = access.Create("operator");
            await access.WaitForAsync(steers, isGood: true);
            await access.OutcomeAsync(Re + "ActionCache/UpdateActionResult", new UpdateActionResultRequest { InstanceName = "team", ActionDigest = blob.Digest.ToProto(), ActionResult = new ActionResult { ExitCode = 1 } }, AccessServer.Bearer(ci));
            await access.OutcomeAsync(Re + "ContentAddressableStorage/BatchUpdateBlobs", new BatchUpdateBlobsRequest
            {
                InstanceName = "team",
                Requests = { new BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = Google.Protobuf.ByteString.CopyFrom(blob.Content) } },
            }, AccessServer.Bearer(ci));
            await access.OutcomeAsync(Names + "SetReference", new SetReferenceRequest { InstanceName = "team", Name = "app@1", Target = new Target { Blob = blob.Digest.ToProto() } }, AccessServer.Bearer(ci));
            await access.OutcomeAsync(Names + "SetReference", new SetReferenceRequest { InstanceName = "team", Name = "app@1", Target = new Target { Blob = blob.Digest.ToProto() } }, AccessServer.Bearer(ci)); // changes nothing
            await access.OutcomeAsync(Names + "DeleteReference", new DeleteReferenceRequest { InstanceName = "team", Name = "app@1" }, AccessServer.Bearer(ci));
            await access.AskAsync("PUT", "/ac/" + blob.Digest.Hash, AccessServer.Bearer(ci), "text"u8.ToArray());
            await access.OutcomeAsync(Re + "ActionCache/UpdateActionResult", new UpdateActionResultRequest { InstanceName = "other", ActionDigest = blob.Digest.ToProto(), ActionResult = new ActionResult { ExitCode = 1 } }, AccessServer.Bearer(ci));
            await access.OutcomeAsync("/remoteexec.operator.v1.Operator/ListQueues", new Protocol.Operators.ListQueuesRequest(), AccessServer.Bearer(ci));
            await access.AskAsync("POST", "/api/v1/operations:cancel", AccessServer.Bearer(steers), "{\"invocation\":\"build-1\"}"u8.ToArray());
        }

        List<JsonElement> entries = [.. Read().Where(entry => Text(entry, "caller") != "-")]; // not those of the time until the tokens were known
        Assert.Equal(
            [
                $"the ci token ac.write team {blob.Digest.Hash}/100 done -",
                $"the ci token reference.set team app@1 sha256:{blob.Digest.Hash}/100 done -",
                "the ci token reference.delete team app@1 done -",
                "the ci token PUT /ac/… - - denied the ci (token) lacks the right write-ac in the nameless instance",
                "the ci token call - - denied the ci (token) lacks the right write-ac in instance 'other'",
                "the ci token /remoteexec.operator.v1.Operator/ListQueues - - denied the ci (token) lacks the right operate for all instances",
                "the operator token operations.cancel - { \"invocation\": \"build-1\" } done -",
            ],
            entries.Select(entry => string.Join(' ', new[] { "caller", "method", "what", "instance", "subject", "outcome", "reason" }.Select(name => Text(entry, name))).Replace("/ac/" + blob.Digest.Hash, "/ac/…", StringComparison.Ordinal)));
        string all = await File.ReadAllTextAsync(AuditFile, Token);
        Assert.DoesNotContain(ci[^64..], all, StringComparison.Ordinal);
        Assert.DoesNotContain(steers[^64..], all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_that_are_made_and_revoked_are_written_down()
    {
        await File.WriteAllTextAsync(data["config.yaml"], $"auth: {{ tokens: {{ file: {data["tokens"]} }}, audit: {{ file: {AuditFile} }} }}\n", Token);
        using StringWriter output = new(), error = new();
        var terminal = new Terminal(output, error, colourOutput: false, colourError: false);

        Assert.Equal(0, await CommandLine.RunAsync(["token", "create", "ann", "--role", "ci", "--config", data["config.yaml"]], terminal));
        string token = output.ToString().Trim(), id = token.Split('_')[1];
        Assert.Equal(0, await CommandLine.RunAsync(["token", "revoke", id, "--config", data["config.yaml"]], terminal));

        Assert.Equal([$"token.create {id} (ann, ci everywhere, good until it is revoked)", $"token.revoke {id} (ann)"], Read().Select(entry => $"{Text(entry, "what")} {Text(entry, "subject")}"));
        Assert.All(Read(), entry => Assert.Equal((Environment.UserName, "command line"), (Text(entry, "caller"), Text(entry, "method"))));
        Assert.DoesNotContain(token, await File.ReadAllTextAsync(AuditFile, Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_strangers_cause_is_bounded_and_counted()
    {
        await using (var audit = new AuditLog(AuditFile, 1 << 20, log, time))
        {
            for (int i = 0; i < 1000; i++)
                audit.Denied("x", null, "192.0.2.1", "stranger");
            time.Advance(TimeSpan.FromSeconds(1));
            audit.Denied("last", null, "192.0.2.1", "stranger");
        }

        List<JsonElement> entries = Read();
        Assert.Equal(101, entries.Count);
        Assert.Equal(900, entries.Sum(entry => entry.TryGetProperty("leftOut", out JsonElement number) ? number.GetInt64() : 0));
    }

    [Fact]
    public async Task A_file_that_has_grown_or_was_moved_away_is_begun_anew()
    {
        for (int i = 0; i < 3; i++)
        {
            await using var audit = new AuditLog(AuditFile, 1, log, time);
            audit.Done($"thing {i}", null, "x");
        }

        Assert.Equal("thing 2", Text(Read().Single(), "what"));
        Assert.Equal("thing 1", Text(Read(AuditFile + ".1").Single(), "what"));

        await using (var audit = new AuditLog(AuditFile, 1 << 20, log, time))
        {
            File.Move(AuditFile, data["moved"]);
            audit.Done("thing 3", null, "x");
        }

        Assert.Equal("thing 3", Text(Read().Single(), "what"));
        Assert.Equal("thing 2", Text(Read(data["moved"]).Single(), "what"));
    }

    [Fact]
    public async Task A_file_that_can_not_be_written_ends_the_start_and_later_is_an_error_in_the_log()
    {
        StartupException exception = Assert.Throws<StartupException>(() => new AuditLog("/not/there/audit", 1, log, time));
        Assert.Equal("/not/there/audit can't be written: there is no such file (setting auth.audit.file)", exception.Message);

        await using (var audit = new AuditLog(AuditFile, 1 << 20, log, time))
        {
            File.Delete(AuditFile);
            System.IO.Directory.CreateDirectory(AuditFile);
            audit.Done("x", null, "x");
        }

        Assert.Equal(LogLevel.Error, Assert.Single(log.Entries).Level);
    }
}
