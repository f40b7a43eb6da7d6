using RemoteExec.Builds.Records;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Tests.Records;

public sealed class ActionChunkTests
{
    private static readonly string[] texts = ["", "Genrule", "//lib:x", "worker-1", "ok", "größer"];

    [Fact]
    public void What_is_encoded_is_decoded_the_same()
    {
        var seed = Chance.Create();
        for (int number = 0; number < 200 * Chance.Effort; number++)
        {
            Random random = seed.ForCase(number).Random;
            ActionDelta[] actions = [.. Enumerable.Range(0, random.Next(50)).Select(_ => Draw(random))];

            Assert.True(ActionChunk.TryDecode(InstanceName.Parse("team"), ActionChunk.Encode(actions), out List<ActionDelta>? decoded), seed.ToString());

            Assert.True(actions.SequenceEqual(decoded), $"{seed}, case {number}");
        }
    }

    private static ActionDelta Draw(Random random)
    {
        bool isExecuted = random.Next(2) == 0;
        long first = random.NextInt64(1L << 45);
        Digest digest = ToldCall.ActionOf(random.Next(), "team");
        return new ActionDelta
        {
            Digest = random.Next(2) == 0 ? digest : digest.WithoutSize(),
            Flags = (ActionFlags)random.Next(128),
            First = first,
            Last = first + random.Next(1_000_000),
            Mnemonic = texts[random.Next(texts.Length)],
            Target = texts[random.Next(texts.Length)],
            Configuration = texts[random.Next(texts.Length)],
            Worker = texts[random.Next(texts.Length)],
            Ending = isExecuted ? "nonzero_exit" : "",
            ExitCode = isExecuted ? random.Next(-200, 200) : 0,
            Queue = isExecuted ? random.Next(-1, 1000) : -1,
            Fetch = isExecuted ? random.Next(-1, 1000) : -1,
            Run = random.Next(-1, 100_000),
            Upload = isExecuted ? random.Next(-1, 1000) : -1,
            BytesSent = random.Next(2) * random.NextInt64(1L << 40),
            BytesReceived = random.Next(2) * random.NextInt64(1L << 40),
        };
    }
}
