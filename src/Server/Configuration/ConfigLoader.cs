using System.Collections;

namespace RemoteExec.Server.Configuration;

/// <summary>Makes the options out of their layers: defaults, under the file, under environment variables, under flags.</summary>
internal sealed class ConfigLoader
{
    private const string VariablePrefix = "REMOTEEXEC_";
    private readonly List<ConfigProblem> problems = [];
    private ConfigNode? root;

    /// <summary>Lays a YAML file over what is there.</summary>
    public ConfigLoader AddFile(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problems.Add(new ConfigProblem(new ConfigOrigin(path), "", $"can't be read: {IoReason.OfReading(path, exception)}"));
            return this;
        }

        return AddText(path, text);
    }

    /// <summary>Lays YAML over what is there; <paramref name="source"/> names it in problems.</summary>
    public ConfigLoader AddText(string source, string text)
    {
        root = ConfigNode.Merge(root, YamlReader.Read(text, (line, column) => new ConfigOrigin(source, line, column), problems));
        return this;
    }

    /// <summary>
    /// Lays environment variables over what is there: <c>REMOTEEXEC_CAS__MAXBLOBBYTES</c> is <c>cas.maxBlobBytes</c>. A variable counts if it has two
    /// underscores or is a key of the top level; others (<c>REMOTEEXEC_SERVICE_HOST</c>, as Kubernetes sets it) are somebody else's.
    /// </summary>
    public ConfigLoader AddEnvironment(IDictionary variables)
    {
        foreach (string name in variables.Keys.OfType<string>().Order(StringComparer.Ordinal))
        {
            if (!name.StartsWith(VariablePrefix, StringComparison.Ordinal))
                continue;
            string[] path = name[VariablePrefix.Length..].ToLowerInvariant().Split("__");
            bool isKey = typeof(ServerOptions).GetProperties().Any(property => string.Equals(property.Name, path[0], StringComparison.OrdinalIgnoreCase));
            if (path.Length > 1 || isKey)
                AddValue(path, (string)variables[name]!, new ConfigOrigin(name) { IgnoresCase = true });
        }

        return this;
    }

    /// <summary>Lays a flag's value over what is there.</summary>
    public ConfigLoader AddFlag(string flag, string path, string value)
    {
        AddValue(path.Split('.'), value, new ConfigOrigin(flag));
        return this;
    }

    /// <summary>Lays <c>--set key=value</c> over what is there.</summary>
    public ConfigLoader AddSetting(string keyAndValue)
    {
        int equals = keyAndValue.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0)
            return AddFlag("--set", keyAndValue[..equals].Trim(), keyAndValue[(equals + 1)..]);
        problems.Add(new ConfigProblem(new ConfigOrigin("--set"), "", $"'{keyAndValue}' is no key=value, for example cas.maxBlobBytes=1GiB"));
        return this;
    }

    /// <summary>The options.</summary>
    /// <exception cref="ConfigException">Something is wrong with them.</exception>
    public ServerOptions Load()
    {
        var binder = new OptionBinder();
        var options = binder.BindSection<ServerOptions>(root);
        problems.AddRange(binder.Problems);
        if (problems.Count == 0)
            problems.AddRange(StoreReferences.Check(options));
        return problems.Count == 0 ? options : throw new ConfigException(problems);
    }

    private void AddValue(string[] path, string value, ConfigOrigin origin)
    {
        if (path.Any(string.IsNullOrWhiteSpace))
        {
            problems.Add(new ConfigProblem(origin, string.Join('.', path), "is no key: write words with dots between them"));
            return;
        }

        // Lists and maps are written as in YAML; anything else is taken as it stands ([::]:8980 is no list).
        bool isYaml = (value.StartsWith('[') && value.EndsWith(']')) || (value.StartsWith('{') && value.EndsWith('}'));
        ConfigNode? node = isYaml ? YamlReader.Read(value, (_, _) => origin, problems) : new ConfigNode.Scalar(value, origin);
        if (node is not null)
            root = ConfigNode.Merge(root, ConfigNode.Map.AtPath(path, node));
    }
}
