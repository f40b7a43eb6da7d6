using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.CrashHost;

/// <summary>What the crashing process writes, so that the one that survives knows what to expect.</summary>
public static class CrashContent
{
    /// <summary>The number of keys whose values are replaced.</summary>
    public const int Keys = 5;

    /// <summary>The blob with a number: mostly small, some larger than a segment.</summary>
    public static TestBlob Blob(int number) => TestBlob.Random(number, number % 41 == 0 ? 300_000 : number % 5 == 0 ? 20_000 + number : number % 4096);

    /// <summary>A key whose values are replaced.</summary>
    public static Digest Key(int key) => TestBlob.Of(BitConverter.GetBytes(key)).Digest;

    /// <summary>A version of the value of a key; its first bytes tell which.</summary>
    public static byte[] Value(int key, int version)
    {
        var value = new byte[8 + (version * 997 % 40_000)];
        value.AsSpan().Fill((byte)(key + version));
        BitConverter.TryWriteBytes(value, version);
        return value;
    }
}
