using System.Runtime.CompilerServices;
using RemoteExec.Builds.Records;

namespace RemoteExec.Builds.Tests.Records;

public sealed class ActionStatesTests
{
    [Fact]
    public void Each_action_has_the_state_it_was_given_whatever_its_key_is()
    {
        var seed = Chance.Create();
        for (int number = 0; number < 20 * Chance.Effort; number++)
        {
            Chance chance = seed.ForCase(number);
            Check(chance.Random, $"{seed}, case {number}");
        }
    }

    [Fact]
    public void A_slot_takes_half_a_line_of_the_cache() => Assert.InRange(Unsafe.SizeOf<ActionState>(), 1, 16);

    private static void Check(Random random, string message)
    {
        var states = new ActionStates();
        var expected = new Dictionary<UInt128, int>();
        int keys = 1 + random.Next(5_000);
        bool areAlike = random.Next(2) == 0; // as those are that somebody makes up: zero, one, two
        for (int i = random.Next(3 * keys); i >= 0; i--)
        {
            UInt128 key = areAlike ? (UInt128)(ulong)random.Next(keys) << (random.Next(3) * 32) : new UInt128((ulong)random.NextInt64(), (ulong)random.Next(keys));
            ref ActionState state = ref states.Find(key);
            Assert.True(Unsafe.IsNullRef(ref state) != expected.ContainsKey(key), message);
            state = ref states.FindOrAdd(key);
            Assert.True(state.Saved == expected.GetValueOrDefault(key), message);
            expected[key] = state.Saved = i + 1;
        }

        Assert.True(expected.Count == states.Count, message);
        Assert.All(expected, pair => Assert.True(states.Find(pair.Key).Saved == pair.Value, message));
    }
}
