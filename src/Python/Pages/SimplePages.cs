using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Pages;

/// <summary>Writes the pages of an index: HTML (PEP 503, with PEP 592, 629, 658 and 714), JSON (PEP 691, with PEP 700 where all that it wants is known).</summary>
internal static class SimplePages
{
    private static readonly JsonWriterOptions plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }; // it is not put into HTML

    /// <summary>The page that lists projects.</summary>
    public static byte[] Projects(IEnumerable<ProjectName> projects, SimpleFormat format) => format == SimpleFormat.Json
        ? Json(writer =>
        {
            WriteMeta(writer, "1.1");
            writer.WriteStartArray("projects");
            foreach (ProjectName project in projects)
            {
                writer.WriteStartObject();
                writer.WriteString("name", project.Value);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        })
        : Html("Simple index", projects.Select(project => $"<a href=\"{project}/\">{project}</a><br>\n"));

    /// <summary>The page that lists the files of a project.</summary>
    public static byte[] Project(ProjectName name, IReadOnlyList<PageFile> files, SimpleFormat format) => format == SimpleFormat.Json
        ? Json(writer => WriteProject(writer, name, files))
        : Html($"Links for {name}", files.Select(Anchor));

    private static void WriteProject(Utf8JsonWriter writer, ProjectName name, IReadOnlyList<PageFile> files)
    {
        bool isWhole = files.All(file => file.Size is not null); // else it can only be what the first version of the format is
        WriteMeta(writer, isWhole ? "1.1" : "1.0");
        writer.WriteString("name", name.Value);
        if (isWhole)
        {
            writer.WriteStartArray("versions");
            foreach (PythonVersion version in files.Select(file => DistributionName.TryParse(file.Name, out DistributionName? parsed, out _) ? parsed.Version : null).OfType<PythonVersion>().Distinct().Order())
                writer.WriteStringValue(version.ToString());
            writer.WriteEndArray();
        }

        writer.WriteStartArray("files");
        foreach (PageFile file in files)
            WriteFile(writer, file);
        writer.WriteEndArray();
    }

    private static void WriteFile(Utf8JsonWriter writer, PageFile file)
    {
        writer.WriteStartObject();
        writer.WriteString("filename", file.Name);
        writer.WriteString("url", file.Url);
        WriteHash(writer, "hashes", file.Sha256);
        if (file.RequiresPython is not null)
            writer.WriteString("requires-python", file.RequiresPython);
        if (file.MetadataSha256 is not null)
            WriteHash(writer, "core-metadata", file.MetadataSha256); // and not by its older name, at which clients of its time break (PEP 714)
        if (file.Yanked is { Length: > 0 } reason)
            writer.WriteString("yanked", reason);
        else
            writer.WriteBoolean("yanked", file.Yanked is not null);
        if (file.Size is { } size)
            writer.WriteNumber("size", size);
        if (file.Added is { } added)
            writer.WriteString("upload-time", added.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
        writer.WriteEndObject();
    }

    private static void WriteMeta(Utf8JsonWriter writer, string version)
    {
        writer.WriteStartObject("meta");
        writer.WriteString("api-version", version);
        writer.WriteEndObject();
    }

    private static void WriteHash(Utf8JsonWriter writer, string property, string hash)
    {
        writer.WriteStartObject(property);
        writer.WriteString("sha256", hash);
        writer.WriteEndObject();
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var content = new MemoryStream();
        using (var writer = new Utf8JsonWriter(content, plain))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return content.ToArray();
    }

    private static byte[] Html(string title, IEnumerable<string> lines) => Encoding.UTF8.GetBytes(
        $"<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><meta name=\"pypi:repository-version\" content=\"1.1\"><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n{string.Concat(lines)}</body>\n</html>\n");

    private static string Anchor(PageFile file)
    {
        var anchor = new StringBuilder($"<a href=\"{WebUtility.HtmlEncode(file.Url)}#sha256={file.Sha256}\"");
        if (file.RequiresPython is not null)
            anchor.Append(CultureInfo.InvariantCulture, $" data-requires-python=\"{WebUtility.HtmlEncode(file.RequiresPython)}\"");
        if (file.MetadataSha256 is not null)
            anchor.Append(CultureInfo.InvariantCulture, $" data-core-metadata=\"sha256={file.MetadataSha256}\" data-dist-info-metadata=\"sha256={file.MetadataSha256}\"");
        if (file.Yanked is not null)
            anchor.Append(CultureInfo.InvariantCulture, $" data-yanked=\"{WebUtility.HtmlEncode(file.Yanked)}\"");
        return anchor.Append(CultureInfo.InvariantCulture, $">{WebUtility.HtmlEncode(file.Name)}</a><br>\n").ToString();
    }
}
