using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace RemoteExec.Server.Configuration;

/// <summary>Describes every setting, out of the doc comments and the defaults of the options records: docs/config.md is made of it.</summary>
internal static class ConfigReference
{
    /// <summary>The description, as Markdown.</summary>
    public static string ToMarkdown()
    {
        DocComments comments = DocComments.Of(typeof(ConfigReference).Assembly);
        var text = new StringBuilder(
            """
            # Settings

            <!-- Made by ./dev docs out of the doc comments in src/Server/Configuration. Don't edit. -->

            One YAML file, `remoteexec serve --config FILE`; every setting has a default. `remoteexec config check FILE` says everything that is wrong with a
            file. Over the file come environment variables (`REMOTEEXEC_CAS__MAXBLOBBYTES=1GiB` is `cas.maxBlobBytes`), and over those the flags
            (`--set cas.maxBlobBytes=1GiB`). Sizes are written with `KiB`, `MiB`, `GiB` or `TiB`, durations with `ms`, `s`, `m`, `h` or `d`.

            A store is the name of a store, or a map with exactly one key: its kind.


            """);
        Describe(text, comments, typeof(ServerOptions), "The top level", "");
        foreach ((string kind, Type type) in StoreKinds.All)
            Describe(text, comments, type, $"Store kind `{kind}`", "");
        return text.ToString().TrimEnd() + "\n";
    }

    /// <summary>Every key that can be set, for example <c>cas.maxBlobBytes</c>; those of stores without a path.</summary>
    public static IEnumerable<string> Keys() => StoreKinds.All.Values.Prepend(typeof(ServerOptions)).SelectMany(type => KeysOf(type, ""));

    private static IEnumerable<string> KeysOf(Type type, string path) =>
        type.GetProperties().Where(property => property.CanWrite).SelectMany(property =>
        {
            string key = path + OptionBinder.KeyOf(property.Name);
            if (property.PropertyType.IsAssignableTo(typeof(IOptions)))
                return KeysOf(property.PropertyType, key + ".");
            return ItemOf(property) is { } item ? KeysOf(item.Type, key + ".").Prepend(key) : [key];
        });

    /// <summary>What a list of sections, or of sections by name, consists of, and how the key of one ends; null for anything else.</summary>
    private static (Type Type, string KeyEnd)? ItemOf(PropertyInfo property) => property.PropertyType switch
    {
        { IsGenericType: true, GenericTypeArguments: [var item] } when item.IsAssignableTo(typeof(IOptions)) => (item, "[]"),
        { IsGenericType: true, GenericTypeArguments: [_, var item] } when item.IsAssignableTo(typeof(IOptions)) => (item, ".NAME"),
        _ => null,
    };

    private static void Describe(StringBuilder text, DocComments comments, Type type, string title, string path)
    {
        object defaults = Activator.CreateInstance(type)!;
        text.Append(CultureInfo.InvariantCulture, $"## {title}\n\n{comments.OfType(type)}\n\n");
        var rows = new StringBuilder();
        var sections = new List<(Type Type, string Path)>();
        foreach (PropertyInfo property in type.GetProperties().Where(property => property.CanWrite).OrderBy(property => property.DeclaringType == type)) // what kinds have in common first
        {
            string key = path + OptionBinder.KeyOf(property.Name);
            if (property.PropertyType.IsAssignableTo(typeof(IOptions)))
                sections.Add((property.PropertyType, key));
            else
                rows.Append(CultureInfo.InvariantCulture, $"| `{key}` | {Show(property.GetValue(defaults))} | {comments.OfProperty(property)} |\n");
            if (ItemOf(property) is { } item)
                sections.Add((item.Type, key + item.KeyEnd));
        }

        if (rows.Length > 0)
            text.Append("| key | default | |\n|---|---|---|\n").Append(rows).Append('\n');
        foreach ((Type section, string key) in sections)
            Describe(text, comments, section, $"`{key}`", key + ".");
    }

    private static string Show(object? value) => value switch
    {
        null or "" or IReadOnlyList<IOptions> => "",
        IDictionary map => map.Count == 0 ? "" : $"`{{ {string.Join(", ", map.Keys.Cast<string>().Select(key => $"{key}: {Inner(map[key]!)}"))} }}`",
        _ => $"`{Inner(value)}`",
    };

    private static string Inner(object value) => value switch
    {
        string text => text,
        IEnumerable list => $"[{string.Join(", ", list.Cast<object>().Select(OptionScalars.Format))}]",
        _ => OptionScalars.Format(value),
    };
}
