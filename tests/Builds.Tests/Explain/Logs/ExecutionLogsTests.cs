using System.Text;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Explain.Logs;

namespace RemoteExec.Builds.Tests.Explain.Logs;

public sealed class ExecutionLogsTests : IDisposable
{
    private const string Hash = "3bb2abb69ebb27fbfe63c7639624c6ec5e331b841a5bc8c3ebc10b9285e90877";
    private const string OtherHash = "c74c61e86f78fd2f069d13384101e5a23ef8f16dac7c90539a0c3872eb9710df";

    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task What_the_later_build_ran_is_explained_by_what_the_earlier_did()
    {
        BuildCauses causes = (await CompareAsync(
            Spawn("a.o", Hash) + Spawn("b.o", Hash) + Spawn("c.o", Hash), Spawn("a.o", OtherHash) + "\n" + Spawn("b.o", OtherHash) + Spawn("c.o", Hash, flag: "-O3") + Spawn("d.o", Hash, isHit: true)))!;

        Assert.Equal(3, causes.Misses);
        Assert.Equal(
            [(CauseKind.InputChanged, "lib/x.h", "lib/x.h changed", 2), (CauseKind.Argument, "-O", "flag -O2 became -O3", 1)],
            causes.Causes.Select(cause => (cause.Kind, cause.Subject, cause.Sentence, (int)cause.Actions)));
    }

    [Fact]
    public async Task A_build_that_found_everything_has_no_causes() => Assert.Null(await CompareAsync(Spawn("a.o", Hash), Spawn("a.o", Hash, isHit: true)));

    [Fact]
    public async Task A_file_that_is_no_log_is_named()
    {
        InvalidDataException exception = await Assert.ThrowsAsync<InvalidDataException>(() => CompareAsync(Spawn("a.o", Hash), "no JSON"));

        Assert.Contains("the later build is no execution log", exception.Message, StringComparison.Ordinal);
    }

    private Task<BuildCauses?> CompareAsync(string earlier, string later) => ExecutionLogs.CompareAsync(
        new MemoryStream(Encoding.UTF8.GetBytes(earlier)), new MemoryStream(Encoding.UTF8.GetBytes(later)), directory.FullPath, TimeProvider.System, TestContext.Current.CancellationToken);

    private static string Spawn(string output, string header, string flag = "-O2", bool isHit = false) => $$"""
        {
          "commandArgs": ["tools/cc", "{{flag}}", "-o", "{{output}}"],
          "environmentVariables": [{ "name": "PATH", "value": "/bin" }],
          "platform": { "properties": [] },
          "inputs": [
            { "path": "lib/x.h", "digest": { "hash": "{{header}}", "sizeBytes": "2", "hashFunctionName": "SHA-256" } },
            { "path": "lib", "digest": { "hash": "", "sizeBytes": "0" } },
            { "path": "external/y.h", "digest": { "hash": "{{Hash}}", "sizeBytes": "2" }, "isTool": true }
          ],
          "listedOutputs": ["{{output}}"],
          "timeoutMillis": "0",
          "mnemonic": "CppCompile",
          "remoteCacheHit": {{(isHit ? "true" : "false")}},
          "status": "", "exitCode": 0
        }
        """;
}
