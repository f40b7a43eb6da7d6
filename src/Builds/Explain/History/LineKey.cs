using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain.History;

/// <summary>What an action is compared by: which other actions make the same thing.</summary>
internal sealed record LineKey
{
    private const char Separator = '\0';

    private LineKey(long key, long family, long shape, string output) => (Key, Family, Shape, Output) = (key, family, shape, output);

    /// <summary>The same instance, target, mnemonic and first output. Where the client names no target, the program stands in its place.</summary>
    public long Key { get; }

    /// <summary>The same, whatever configuration the output is made in.</summary>
    public long Family { get; }

    /// <summary>Everything but the names of the outputs.</summary>
    public long Shape { get; }

    /// <summary>The first output, below the input root; empty if none is declared.</summary>
    public string Output { get; }

    /// <summary>That of an action that can be read.</summary>
    public static LineKey Of(Sighting sighting, ActionContent content)
    {
        Reapi.Command command = content.Command!;
        IReadOnlyList<string> outputs = OutputsOf(content);
        string maker = sighting.Target.Length > 0 ? sighting.Target : KnownPaths.WithoutConfiguration(command.Arguments.FirstOrDefault() ?? "");
        // What declares no output is told apart by all of its command.
        string output = outputs.Count > 0 ? outputs[0] : string.Join(' ', command.Arguments);
        string place = string.Join(Separator, sighting.Action.Instance.Value, sighting.Action.Function.Name(), maker, sighting.Mnemonic);
        return new LineKey(
            Hash(place + Separator + output), Hash(place + Separator + KnownPaths.WithoutConfiguration(output)), Hash(ShapeOf(content, outputs, place)), outputs.Count > 0 ? output : "");
    }

    /// <summary>The outputs that a command declares, below the input root.</summary>
    public static IReadOnlyList<string> OutputsOf(ActionContent content) => [.. content.Outputs.Select(path => Path.Join(content.Command!.WorkingDirectory, path))];

    /// <summary>Under what a path is found in the table of outputs.</summary>
    public static long HashOfPath(InstanceName instance, string path) => Hash(instance.Value + Separator + path);

    private static string ShapeOf(ActionContent content, IReadOnlyList<string> outputs, string place)
    {
        var shape = new StringBuilder(place);
        string[] longest = [.. content.Outputs.Concat(outputs).Distinct().OrderByDescending(path => path.Length)];
        foreach (string argument in content.Command!.Arguments)
            shape.Append(Separator).Append(longest.Aggregate(argument, (text, path) => text.Replace(path, "\u0001", StringComparison.Ordinal)));
        foreach (Reapi.Command.Types.EnvironmentVariable variable in content.Command.EnvironmentVariables)
            shape.Append(Separator).Append(variable.Name).Append('=').Append(variable.Value);
        return shape.Append(Separator).Append(content.Platform).Append(Separator).Append(content.Command.WorkingDirectory).Append(Separator).Append(content.InputRoot).ToString();
    }

    private static long Hash(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return BinaryPrimitives.ReadInt64LittleEndian(hash);
    }
}
