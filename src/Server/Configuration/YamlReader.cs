using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace RemoteExec.Server.Configuration;

/// <summary>Reads YAML into <see cref="ConfigNode"/>s.</summary>
internal static class YamlReader
{
    private const int MaxDepth = 40;

    /// <summary>Reads one document; null if it is empty, or if it can't be read, which adds to <paramref name="problems"/>.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="locate">Turns a line and a column into an origin.</param>
    /// <param name="problems">Gets what is wrong.</param>
    public static ConfigNode? Read(string text, Func<int, int, ConfigOrigin> locate, ICollection<ConfigProblem> problems)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException exception)
        {
            problems.Add(new ConfigProblem(locate((int)exception.Start.Line, (int)exception.Start.Column), "", $"no valid YAML: {exception.Message}"));
            return null;
        }
        catch (Exception exception) when (exception.Source == "YamlDotNet")
        {
            // Odd nonsense, a tab or a colon in the wrong place, is more than the library expects; it does not tell where.
            problems.Add(new ConfigProblem(locate(1, 1), "", $"no valid YAML: {exception.Message}"));
            return null;
        }

        if (stream.Documents.Count > 1)
            problems.Add(new ConfigProblem(At(stream.Documents[1].RootNode, locate), "", "more than one YAML document; write one"));
        return stream.Documents.Count == 1 ? Convert(stream.Documents[0].RootNode, locate, problems, 0) : null;
    }

    private static ConfigNode? Convert(YamlNode node, Func<int, int, ConfigOrigin> locate, ICollection<ConfigProblem> problems, int depth)
    {
        ConfigOrigin origin = At(node, locate);
        if (depth > MaxDepth)
        {
            problems.Add(new ConfigProblem(origin, "", $"nested more than {MaxDepth} levels deep"));
            return null;
        }

        return node switch
        {
            YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" } => null,
            YamlScalarNode scalar => new ConfigNode.Scalar(scalar.Value ?? "", origin),
            YamlSequenceNode list => new ConfigNode.List(
                [.. list.Children.Select(item => Convert(item, locate, problems, depth + 1)).OfType<ConfigNode>()], origin),
            YamlMappingNode map => ConvertMap(map, origin, locate, problems, depth),
            _ => null,
        };
    }

    private static ConfigNode.Map ConvertMap(
        YamlMappingNode map, ConfigOrigin origin, Func<int, int, ConfigOrigin> locate, ICollection<ConfigProblem> problems, int depth)
    {
        var entries = new Dictionary<string, ConfigNode.Entry>(StringComparer.OrdinalIgnoreCase);
        foreach ((YamlNode keyNode, YamlNode value) in map.Children)
        {
            ConfigOrigin keyOrigin = At(keyNode, locate);
            if (keyNode is not YamlScalarNode { Value: { } key } || (key.Length == 0 && keyNode is YamlScalarNode { Style: ScalarStyle.Plain }))
                problems.Add(new ConfigProblem(keyOrigin, "", "a key must be a word"));
            else if (!entries.TryAdd(key, new ConfigNode.Entry(key, keyOrigin, Convert(value, locate, problems, depth + 1))))
                problems.Add(new ConfigProblem(keyOrigin, key, $"stands twice: '{entries[key].Key}' differs from it in upper and lower case at most"));
        }

        return new ConfigNode.Map(entries, origin);
    }

    private static ConfigOrigin At(YamlNode node, Func<int, int, ConfigOrigin> locate) => locate((int)node.Start.Line, (int)node.Start.Column);
}
