using System.Collections;
using System.Reflection;

namespace RemoteExec.Server.Configuration;

/// <summary>
/// Fills options records from <see cref="ConfigNode"/>s: a property <c>MaxBytes</c> is the key <c>maxBytes</c>. Unknown keys, values of the wrong
/// shape and what the records' own validation yields are collected, all at once.
/// </summary>
internal sealed class OptionBinder
{
    private readonly List<ConfigProblem> problems = [];

    /// <summary>Everything found wrong so far.</summary>
    public IReadOnlyList<ConfigProblem> Problems => problems;

    /// <summary>The key of a property.</summary>
    public static string KeyOf(string property) => char.ToLowerInvariant(property[0]) + property[1..];

    /// <summary>Binds a section; a missing node gives the defaults.</summary>
    public T BindSection<T>(ConfigNode? node)
        where T : IOptions, new() => (T)BindSection(typeof(T), node, "");

    private object BindSection(Type type, ConfigNode? node, string path)
    {
        var section = (IOptions)Activator.CreateInstance(type)!;
        int problemsBefore = problems.Count;
        if (node is ConfigNode.Map map)
            FillSection(section, map, path);
        else if (node is not null)
            problems.Add(new ConfigProblem(node.Origin, path, $"must be a map with keys out of: {string.Join(", ", KeysOf(type))}"));

        // A section with unreadable values would only complain again, about the defaults in their place.
        if (problems.Count == problemsBefore)
            problems.AddRange(section.Validate().Select(problem => Locate(problem, node, path)));
        return section;
    }

    private void FillSection(IOptions section, ConfigNode.Map map, string path)
    {
        Type type = section.GetType();
        foreach (ConfigNode.Entry entry in map.Entries.Values)
        {
            PropertyInfo? property = PropertiesOf(type).FirstOrDefault(property => string.Equals(property.Name, entry.Key, StringComparison.OrdinalIgnoreCase));
            if (property is null || (!entry.KeyOrigin.IgnoresCase && KeyOf(property.Name) != entry.Key))
            {
                problems.Add(new ConfigProblem(entry.KeyOrigin, Join(path, entry.Key), $"unknown key; known here: {string.Join(", ", KeysOf(type))}"));
                continue;
            }

            if (entry.Value is not null && Bind(property.PropertyType, entry.Value, Join(path, KeyOf(property.Name))) is { } value)
                property.SetValue(section, value);
        }
    }

    private object? Bind(Type type, ConfigNode node, string path)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (OptionScalars.Contains(type))
            return BindScalar(type, node, path);
        if (type == typeof(StoreReference))
            return BindStore(node, path);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            return BindList(type.GenericTypeArguments[0], node, path);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
            return BindMap(type.GenericTypeArguments[1], node, path);
        return BindSection(type, node, path);
    }

    private object? BindScalar(Type type, ConfigNode node, string path)
    {
        if (node is not ConfigNode.Scalar scalar)
        {
            problems.Add(new ConfigProblem(node.Origin, path, "must be a single value"));
            return null;
        }

        object? value = OptionScalars.Parse(type, scalar.Text, out string? error);
        if (error is not null)
            problems.Add(new ConfigProblem(node.Origin, path, error));
        return value;
    }

    private IList BindList(Type itemType, ConfigNode node, string path)
    {
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(itemType))!;
        IReadOnlyList<ConfigNode> items = node is ConfigNode.List several ? several.Items : [node];
        bool isSections = itemType.IsAssignableTo(typeof(IOptions)); // a bad one among several is told by its number
        for (int i = 0; i < items.Count; i++)
        {
            if (Bind(itemType, items[i], isSections ? $"{path}[{i}]" : path) is { } value)
                list.Add(value);
        }

        return list;
    }

    private IDictionary? BindMap(Type valueType, ConfigNode node, string path)
    {
        if (node is not ConfigNode.Map map)
        {
            problems.Add(new ConfigProblem(node.Origin, path, "must be a map"));
            return null;
        }

        var result = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), valueType))!;
        foreach (ConfigNode.Entry entry in map.Entries.Values)
        {
            if (entry.Value is null)
                problems.Add(new ConfigProblem(entry.KeyOrigin, Join(path, entry.Key), "is empty"));
            else if (Bind(valueType, entry.Value, Join(path, entry.Key)) is { } value)
                result.Add(entry.Key, value);
        }

        return result;
    }

    private StoreReference? BindStore(ConfigNode node, string path)
    {
        string kinds = string.Join(", ", StoreKinds.All.Keys);
        switch (node)
        {
            case ConfigNode.Scalar scalar:
                return new StoreReference(scalar.Text, null, scalar.Origin);
            case ConfigNode.Map { Entries.Count: 1 } map:
                ConfigNode.Entry entry = map.Entries.Values.Single();
                if (StoreKinds.All.TryGetValue(entry.Key, out Type? type))
                    return new StoreReference(null, (StoreOptions)BindSection(type, entry.Value, Join(path, entry.Key)), node.Origin);
                problems.Add(new ConfigProblem(entry.KeyOrigin, Join(path, entry.Key), $"unknown kind of store; kinds: {kinds}"));
                return null;
            default:
                problems.Add(new ConfigProblem(node.Origin, path, $"a store is the name of a store, or a map with exactly one key, its kind: {kinds}"));
                return null;
        }
    }

    private static ConfigProblem Locate(OptionProblem problem, ConfigNode? node, string path)
    {
        if (problem.Property.Length == 0)
            return new ConfigProblem(node?.Origin, path, problem.Message);
        foreach (string property in problem.Property.Split('.'))
        {
            if (node is ConfigNode.Map map && map.Entries.TryGetValue(property, out ConfigNode.Entry? entry) && entry.Value is not null)
                node = entry.Value;
            path = Join(path, KeyOf(property));
        }

        return new ConfigProblem(node?.Origin, path, problem.Message);
    }

    private static IEnumerable<PropertyInfo> PropertiesOf(Type type) => type.GetProperties().Where(property => property.CanWrite);

    private static IEnumerable<string> KeysOf(Type type) => PropertiesOf(type).Select(property => KeyOf(property.Name));

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
