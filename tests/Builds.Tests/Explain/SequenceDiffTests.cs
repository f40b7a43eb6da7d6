using RemoteExec.Builds.Explain;

namespace RemoteExec.Builds.Tests.Explain;

public sealed class SequenceDiffTests
{
    [Fact]
    public void Replacing_the_stretches_makes_the_second_sequence_out_of_the_first()
    {
        Chance chance = Chance.Create();
        for (int number = 0; number < 2000 * Chance.Effort; number++)
        {
            Random random = chance.ForCase(number).Random;
            int[] before = Draw(random), after = Draw(random);

            IReadOnlyList<SequenceDiff.Stretch> stretches = SequenceDiff.Find(before, after, random.Next(20));

            List<int> made = [];
            int next = 0;
            foreach (SequenceDiff.Stretch stretch in stretches)
            {
                made.AddRange(before[next..stretch.Before]);
                Assert.True(stretch.After == made.Count, $"{chance.ForCase(number)}: a stretch stands elsewhere");
                made.AddRange(after[stretch.After..(stretch.After + stretch.AfterCount)]);
                next = stretch.Before + stretch.BeforeCount;
            }

            made.AddRange(before[next..]);
            Assert.True(made.SequenceEqual(after), $"{chance.ForCase(number)}: {string.Join(' ', before)} -> {string.Join(' ', after)}");
        }
    }

    [Fact]
    public void The_script_is_as_short_as_the_longest_common_subsequence_allows()
    {
        Chance chance = Chance.Create();
        for (int number = 0; number < 500 * Chance.Effort; number++)
        {
            Random random = chance.ForCase(number).Random;
            int[] before = Draw(random), after = Draw(random);

            int kept = before.Length - SequenceDiff.Find(before, after, 1000).Sum(stretch => stretch.BeforeCount);

            Assert.True(kept == LongestCommon(before, after), $"{chance.ForCase(number)}: {kept} kept of {string.Join(' ', before)} -> {string.Join(' ', after)}");
        }
    }

    private static int[] Draw(Random random) => [.. Enumerable.Range(0, random.Next(15)).Select(_ => random.Next(4))];

    private static int LongestCommon(int[] before, int[] after)
    {
        var lengths = new int[before.Length + 1, after.Length + 1];
        for (int i = 1; i <= before.Length; i++)
        {
            for (int j = 1; j <= after.Length; j++)
                lengths[i, j] = before[i - 1] == after[j - 1] ? lengths[i - 1, j - 1] + 1 : Math.Max(lengths[i - 1, j], lengths[i, j - 1]);
        }

        return lengths[before.Length, after.Length];
    }
}
