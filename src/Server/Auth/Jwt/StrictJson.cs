using System.Text.Json;
using System.Text.Unicode;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>
/// JSON that everybody reads the same way: valid UTF-8, no member twice (which one counts differs from reader to reader), no half characters, not deeper than anybody needs.
/// </summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions options = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Reads an object; null if it is none, or could be read in two ways.</summary>
    public static JsonElement? ParseObject(ReadOnlyMemory<byte> utf8)
    {
        if (!Utf8.IsValid(utf8.Span))
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8, options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            ReadTexts(document.RootElement);
            return document.RootElement.Clone();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null; // the latter for \ud800 alone
        }
    }

    /// <summary>The text of a member; null if it is absent or no text.</summary>
    public static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // Escapes are looked at only when text is asked for: better here, where it is expected, than later.
    private static void ReadTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                    ReadTexts(item);
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    ReadTexts(property.Value);
                }

                break;
        }
    }
}
