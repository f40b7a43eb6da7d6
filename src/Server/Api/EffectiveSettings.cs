using System.Collections;
using System.Reflection;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Api;

/// <summary>Lists what a server was told to be, other than by default. Secrets stand in files and variables, whose names alone are settings.</summary>
internal static class EffectiveSettings
{
    /// <summary>The settings, in the order of the reference.</summary>
    public static IReadOnlyList<SettingView> List(ServerOptions options) => [.. Of(options, "")];

    private static IEnumerable<SettingView> Of(IOptions options, string path)
    {
        object defaults = Activator.CreateInstance(options.GetType())!;
        return options.GetType().GetProperties().Where(property => property.CanWrite).SelectMany(property =>
            Of(property.GetValue(options), property.GetValue(defaults), path + OptionBinder.KeyOf(property.Name)));
    }

    private static IEnumerable<SettingView> Of(object? value, object? usual, string key)
    {
        switch (value)
        {
            case null:
                return [];
            case StoreReference { Name: { } name }:
                return [new SettingView(key, name)];
            case StoreReference { Options: { } store }:
                string kind = $"{key}.{StoreKinds.All.First(pair => pair.Value == store.GetType()).Key}";
                return Of(store, kind + ".").DefaultIfEmpty(new SettingView(kind, "{}"));
            case IOptions section:
                return Of(section, key + ".");
            case IDictionary map:
                return map.Keys.Cast<string>().SelectMany(name => Of(map[name], null, $"{key}.{name}"));
            case IEnumerable list and not string:
                object[] items = [.. list.Cast<object>()];
                if (items.Any(item => item is IOptions))
                    return items.SelectMany((item, number) => Of(item, null, $"{key}[{number}]"));
                return usual is IEnumerable before && before.Cast<object>().SequenceEqual(items) || items.Length == 0
                    ? []
                    : [new SettingView(key, $"[{string.Join(", ", items.Select(OptionScalars.Format))}]")];
            default:
                return value.Equals(usual) ? [] : [new SettingView(key, OptionScalars.Format(value))];
        }
    }
}
