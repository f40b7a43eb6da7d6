using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace RemoteExec.Server.Configuration;

/// <summary>What the doc comments of assemblies say, as Markdown. The compiler writes them beside the assemblies; documents are made of them.</summary>
internal sealed partial class DocComments
{
    private readonly Dictionary<string, XElement> members = [];

    private DocComments()
    {
    }

    /// <summary>Reads the comments of assemblies.</summary>
    /// <exception cref="StartupException">They are not there.</exception>
    public static DocComments Of(params IEnumerable<Assembly> assemblies)
    {
        var comments = new DocComments();
        foreach (Assembly assembly in assemblies)
        {
            string file = Path.ChangeExtension(assembly.Location, ".xml");
            if (!File.Exists(file))
                throw new StartupException($"{file} is missing: it comes with the build, and what is documented is described in it");
            foreach (XElement member in XDocument.Load(file).Descendants("member"))
                comments.members[member.Attribute("name")!.Value] = member;
        }

        return comments;
    }

    /// <summary>What is said of a type.</summary>
    /// <exception cref="KeyNotFoundException">Nothing is.</exception>
    public string OfType(Type type) => Find($"T:{NameOf(type)}", "summary") ?? throw new KeyNotFoundException($"{type} has no doc comment");

    /// <summary>What is said of a property, by itself or as a parameter of its record.</summary>
    /// <exception cref="KeyNotFoundException">Nothing is.</exception>
    public string OfProperty(PropertyInfo property) => TryOfProperty(property) ?? throw new KeyNotFoundException($"{property.DeclaringType}.{property.Name} has no doc comment");

    /// <summary>What is said of a property; null if nothing is.</summary>
    public string? TryOfProperty(PropertyInfo property)
    {
        string type = NameOf(property.DeclaringType!);
        return Find($"P:{type}.{property.Name}", "summary") ?? Find($"T:{type}", "param", property.Name);
    }

    private string? Find(string member, string element, string? name = null) =>
        members.TryGetValue(member, out XElement? found) && found.Elements(element).FirstOrDefault(text => name is null || text.Attribute("name")?.Value == name) is { } comment ? Plain(comment) : null;

    private static string NameOf(Type type) => (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName!.Replace('+', '.');

    private static string Plain(XElement comment)
    {
        IEnumerable<string> parts = comment.Nodes().Select(node => node switch
        {
            XText words => words.Value,
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement { Name.LocalName: "see" } see => $"`{see.Attribute("cref")?.Value.Split('.')[^1]}`",
            XElement { Name.LocalName: "paramref" } parameter => $"`{parameter.Attribute("name")?.Value}`",
            _ => "",
        });
        return Space().Replace(string.Concat(parts), " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
