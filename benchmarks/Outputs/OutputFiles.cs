using System.Globalization;
using RemoteExec.Native;
using RemoteExec.Worker.Outputs;

namespace RemoteExec.Benchmarks.Outputs;

/// <summary>Files as an action leaves them, with content that no store has yet.</summary>
/// <param name="directory">Where they are.</param>
/// <param name="count">How many.</param>
/// <param name="length">How long each is.</param>
internal sealed class OutputFiles(string directory, int count, int length)
{
    private long changes;

    /// <summary>What there is, for people.</summary>
    public string Name { get; } = string.Create(CultureInfo.InvariantCulture, $"{count} x {(length >= 1 << 20 ? $"{length >> 20} MiB" : $"{length >> 10} KiB")}");

    /// <summary>The files as the worker finds them.</summary>
    public IReadOnlyCollection<FoundNode> Nodes { get; private set; } = [];

    /// <summary>Writes them.</summary>
    public void Make()
    {
        Directory.CreateDirectory(directory);
        byte[] content = new byte[length];
        var nodes = new List<FoundNode>(count);
        for (int i = 0; i < count; i++)
        {
            string path = Path.Combine(directory, i.ToString(CultureInfo.InvariantCulture));
            new Random(i).NextBytes(content);
            File.WriteAllBytes(path, content);
            nodes.Add(new FoundNode(path, "", FileStatus.Of(path)!.Value));
        }

        Nodes = nodes;
    }

    /// <summary>Changes each a little: now they are others.</summary>
    public void Change()
    {
        foreach (FoundNode node in Nodes)
        {
            using var file = File.OpenHandle(node.Path, FileMode.Open, FileAccess.Write);
            RandomAccess.Write(file, BitConverter.GetBytes(++changes), 0);
        }

        Nodes = [.. Nodes.Select(node => node with { Status = FileStatus.Of(node.Path)!.Value })];
    }
}
