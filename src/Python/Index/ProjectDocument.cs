using System.Text.Json;
using System.Text.Json.Serialization;

namespace RemoteExec.Python.Index;

/// <summary>What an index keeps beside the files of a project: what it knows of them.</summary>
/// <param name="Files">All of them, by name.</param>
internal sealed record ProjectDocument(IReadOnlyList<FileRecord> Files)
{
    /// <summary>The name of the document in the directory of the project, which no distribution can have.</summary>
    public const string FileName = ".files.json";

    /// <summary>How long it may be.</summary>
    public const int MaxBytes = 256 * 1024 * 1024;

    /// <summary>The bytes of it: the same for the same content.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, ProjectDocumentJson.Default.ProjectDocument);

    /// <summary>Reads it.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static ProjectDocument Decode(ReadOnlySpan<byte> content)
    {
        try
        {
            ProjectDocument? document = JsonSerializer.Deserialize(content, ProjectDocumentJson.Default.ProjectDocument);
            return document?.Files is { } files && files.All(file => file is { Name: not null, Sha256.Length: 64 } && file.Sha256.All(char.IsAsciiHexDigitLower))
                ? document
                : throw new InvalidDataException("it lacks the names or the hashes of files");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(exception.Message, exception);
        }
    }
}

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(ProjectDocument))]
internal sealed partial class ProjectDocumentJson : JsonSerializerContext;
