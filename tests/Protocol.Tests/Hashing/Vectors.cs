using System.Globalization;

namespace RemoteExec.Protocol.Tests.Hashing;

/// <summary>Files of vectors: lines of a length and the hash of so many bytes of the sequence 0, 1, …, 250, 0, 1, …</summary>
internal static class Vectors
{
    /// <summary>The vectors in an embedded file.</summary>
    public static IEnumerable<(int Length, string Hash)> Of(string file)
    {
        using var reader = new StreamReader(typeof(Vectors).Assembly.GetManifestResourceStream(file)!);
        foreach (string line in reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#'))
        {
            string[] fields = line.Split(' ');
            yield return (int.Parse(fields[0], CultureInfo.InvariantCulture), fields[1]);
        }
    }

    /// <summary>The content of a length.</summary>
    public static byte[] Content(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];
}
