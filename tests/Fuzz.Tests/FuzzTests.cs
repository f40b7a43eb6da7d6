using System.Globalization;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests;

/// <summary>
/// Whatever comes from the wire or the disk ends as a value or as the exception that is documented, within bounded memory. <c>REMOTEEXEC_FUZZ</c> says how many cases all of them get together;
/// a case that fails is told, and kept under artifacts/fuzz: from there it belongs into the corpus.
/// </summary>
public sealed class FuzzTests
{
    private const int UsualCases = 18_000;

    public static TheoryData<string> Targets { get; } = [.. FuzzTargets.All.Select(target => target.Name)];

    private static int Cases { get; } = (int.TryParse(Environment.GetEnvironmentVariable("REMOTEEXEC_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out int cases)
        ? cases
        : UsualCases) / FuzzTargets.All.Count;

    [Theory]
    [MemberData(nameof(Targets))]
    public void Good_input_is_taken(string name)
    {
        FuzzTarget target = FuzzTargets.Get(name);

        Assert.All(target.Seeds, seed => target.Parse(seed));
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void What_was_found_once_is_not_found_again(string name)
    {
        string folder = Repository.Path("tests", "Fuzz.Tests", "corpus", name);

        foreach (string file in Directory.Exists(folder) ? Directory.GetFiles(folder) : [])
            Try(FuzzTargets.Get(name), File.ReadAllBytes(file), $"corpus/{name}/{Path.GetFileName(file)}");
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Any_bytes_end_as_a_value_or_as_the_documented_exception(string name)
    {
        FuzzTarget target = FuzzTargets.Get(name);
        Chance chance = Chance.Create();
        for (int number = 0; number < Cases; number++)
        {
            byte[] bytes = new Mutator(chance.ForCase(number).Random, target.Seeds).Next();
            if (number % 2 == 0)
                target.Repair?.Invoke(bytes);
            Try(target, bytes, $"{name}, {chance.ForCase(number)}");
        }
    }

    private static void Try(FuzzTarget target, byte[] bytes, string story)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Parse(bytes);
        }
        catch (Exception refusal) when (target.Refusals.Any(type => type.IsInstanceOfType(refusal)))
        {
            // As documented.
        }
        catch (Exception exception)
        {
            Assert.Fail($"{story}: {exception}\n{Keep(target, bytes)}");
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > target.MaxAllocatedBytes + (100L * bytes.Length))
            Assert.Fail($"{story}: {allocated} bytes allocated for {bytes.Length} bytes of input\n{Keep(target, bytes)}");
    }

    private static string Keep(FuzzTarget target, byte[] bytes)
    {
        string folder = Directory.CreateDirectory(Repository.Path("artifacts", "fuzz", target.Name)).FullName;
        string path = Path.Combine(folder, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))[..16]);
        File.WriteAllBytes(path, bytes);
        return $"kept in {path}, {bytes.Length} bytes: {Convert.ToBase64String(bytes.AsSpan(0, Math.Min(bytes.Length, 400)))}";
    }
}
