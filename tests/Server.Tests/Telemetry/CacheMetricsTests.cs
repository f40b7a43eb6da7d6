using System.Diagnostics.Metrics;
using System.Text;
using Google.Protobuf;
using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;
using RemoteExec.Server.Telemetry;

namespace RemoteExec.Server.Tests.Telemetry;

/// <summary>What is counted of the cache, and that clients can't make it much.</summary>
public sealed class CacheMetricsTests : IDisposable
{
    private readonly CacheMetrics metrics = new();
    private readonly MeterListener listener = new();
    private readonly List<string> heard = [];

    public CacheMetricsTests()
    {
        listener.InstrumentPublished = (instrument, target) =>
        {
            if (instrument.Meter == metrics.Meter) // meters are heard across all tests
                target.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => heard.Add($"{instrument.Name["remoteexec.cache.".Length..]} {value} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}"));
        listener.Start();
    }

    public void Dispose()
    {
        listener.Dispose();
        metrics.Dispose();
    }

    [Fact]
    public void Hits_misses_and_bytes_are_counted_for_who_uses_the_cache()
    {
        CallMetadata bazel = Of("bazel", "CppCompile");
        Tell(CallKind.Hit, "team", bazel);
        Tell(CallKind.Hit, "team", bazel);
        Tell(CallKind.Miss, "team", bazel);
        Tell(CallKind.Stored, "team", bazel);
        Tell(CallKind.Read, "team", bazel, bytes: 100);
        Tell(CallKind.Written, "team", bazel, bytes: 10);
        Tell(CallKind.Executed, "team", bazel);
        Tell(CallKind.AskedMissing, "team", bazel);
        Tell(CallKind.Hit, "", null, agent: "ccache/4.8", bytes: 7);
        Tell(CallKind.Written, "", null, agent: "", bytes: 5);

        Assert.Equal(
            [
                "io 10 service=cas instance_name=team tool=bazel mnemonic=CppCompile direction=write", "io 100 service=cas instance_name=team tool=bazel mnemonic=CppCompile direction=read",
                "io 5 service=http instance_name= tool=unknown mnemonic= direction=write", "io 7 service=http instance_name= tool=ccache mnemonic= direction=read",
                "lookups 1 service=ac instance_name=team tool=bazel mnemonic=CppCompile result=miss", "lookups 1 service=http instance_name= tool=ccache mnemonic= result=hit",
                "lookups 2 service=ac instance_name=team tool=bazel mnemonic=CppCompile result=hit", "stored 1 service=ac instance_name=team tool=bazel mnemonic=CppCompile",
            ],
            Heard());
    }

    [Fact]
    public void Names_that_clients_make_up_are_bounded()
    {
        for (int i = 0; i < 1000; i++)
            Tell(CallKind.Miss, $"tenant-{i}", Of($"tool-{i}", $"Mnemonic{i}"));

        string[] lines = Heard();
        Assert.InRange(lines.Length, 201, 251); // of each mnemonic that is known one, and what else is other
        Assert.Contains("lookups 800 service=ac instance_name=other tool=other mnemonic=other result=miss", lines);
        Assert.Contains("lookups 1 service=ac instance_name=tenant-49 tool=other mnemonic=Mnemonic49 result=miss", lines);
    }

    [Fact]
    public void Users_are_fewer_than_what_the_SDK_keeps_apart()
    {
        for (int i = 0; i < 50; i++)
        {
            for (int j = 0; j < 200; j++)
                Tell(CallKind.Miss, $"tenant-{i}", Of("bazel", $"Mnemonic{j}"));
        }

        string[] lines = Heard();
        Assert.InRange(lines.Length, 1000, 1999);
        Assert.Equal(10_000, lines.Sum(line => int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("bazel", "bazel")]
    [InlineData("Bazel", "bazel")]
    [InlineData("re-client", "reclient")]
    [InlineData("buck2", "buck2")]
    [InlineData("", "unknown")]
    [InlineData("mine", "other")]
    [InlineData("a-name-that-is-much-longer-than-any-of-a-tool", "other")]
    [InlineData("bäzel", "other")]
    public void Tools_are_one_of_a_closed_set(string name, string tool) => Assert.Equal(tool, ClientTool.Of(Encoding.UTF8.GetBytes(name)));

    [Theory]
    [InlineData("ccache/4.8", "ccache")]
    [InlineData("bazel/7.0", "bazel")]
    [InlineData("curl", "curl")]
    [InlineData("", "unknown")]
    [InlineData("Mozilla/5.0 (X11)", "other")]
    public void A_user_agent_begins_with_the_tool(string agent, string tool) => Assert.Equal(tool, ClientTool.OfUserAgent(agent));

    [Fact]
    public void The_same_name_is_the_same_object_in_either_encoding()
    {
        var names = new BoundedNames(2);

        string first = names.Of("Ünïcode"u8);

        Assert.Equal("Ünïcode", first);
        Assert.Same(first, names.Of("Ünïcode"));
        Assert.Same(first, names.Of("Ünïcode"u8));
        Assert.Equal("second", names.Of("second"));
        Assert.Equal(BoundedNames.Other, names.Of("third"u8));
        Assert.Equal(BoundedNames.Other, names.Of(new string('x', 5000)));
        Assert.Equal("", names.Of(""u8));
    }

    [Fact]
    public void What_makes_no_sense_is_of_nobody()
    {
        byte[] whole = Metadata("bazel", "CppCompile").ToByteArray();
        for (int length = 0; length < whole.Length; length++)
        {
            CacheClient client = CacheClient.Parse(whole.AsSpan(0, length)); // does not throw
            Assert.True(client.Tool.IsEmpty || client.Tool.SequenceEqual("bazel"u8));
        }

        Tell(CallKind.Miss, "", new CallMetadata([0xff, 0xff, 0xff]));
        Assert.Equal(["lookups 1 service=ac instance_name= tool=unknown mnemonic= result=miss"], Heard());
    }

    [Fact]
    public void Nothing_is_allocated_for_a_call_of_a_known_user()
    {
        CallMetadata bazel = Of("bazel", "CppCompile");
        var digest = Digest.Create(InstanceName.Parse("team"), DigestFunction.Sha256, new byte[32], 1);
        for (int i = 0; i < 100; i++)
            metrics.Observe(new CallEvent { Kind = CallKind.Hit, Digest = digest, Metadata = bazel });

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            metrics.Observe(new CallEvent { Kind = CallKind.Hit, Digest = digest, Metadata = bazel });

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static Reapi.RequestMetadata Metadata(string tool, string mnemonic) => new()
    {
        ToolDetails = new Reapi.ToolDetails { ToolName = tool, ToolVersion = "1" },
        ActionId = "some",
        ToolInvocationId = "build",
        ActionMnemonic = mnemonic,
        TargetId = "//some:target",
    };

    private static CallMetadata Of(string tool, string mnemonic) => new(Metadata(tool, mnemonic).ToByteArray());

    private void Tell(CallKind kind, string instance, CallMetadata? metadata, string? agent = null, long bytes = 0) => metrics.Observe(new CallEvent
    {
        Kind = kind,
        Digest = Digest.Create(InstanceName.Parse(instance), DigestFunction.Sha256, new byte[32], 1),
        Metadata = metadata,
        UserAgent = agent,
        Bytes = bytes,
    });

    private string[] Heard()
    {
        heard.Clear();
        listener.RecordObservableInstruments();
        return [.. heard.Order(StringComparer.Ordinal)];
    }
}
