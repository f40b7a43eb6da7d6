using System.Text.Json;
using System.Text.RegularExpressions;

namespace RemoteExec.Server.Cli.Images;

/// <summary>The names of images, a small file for each: what several processes do at a time does not get lost.</summary>
/// <param name="directory">Where the files are.</param>
internal sealed partial class ImageTags(string directory)
{
    private const string Extension = ".json";
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>True if an image can have a name.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    /// <summary>All of them, by name.</summary>
    /// <exception cref="StartupException">They can't be read.</exception>
    public IReadOnlyList<ImageTag> List() => Try(() =>
        Directory.Exists(directory) ? [.. Directory.GetFiles(directory, "*" + Extension).Order(StringComparer.Ordinal).Select(Read)] : Array.Empty<ImageTag>());

    /// <summary>The image with a name; null if there is none.</summary>
    /// <exception cref="StartupException">It can't be read.</exception>
    public ImageTag? Find(string name)
    {
        string path = Path.Combine(directory, name + Extension);
        return IsName(name) && File.Exists(path) ? Try(() => Read(path)) : null;
    }

    /// <summary>Gives an image a name, which another one may have had.</summary>
    /// <exception cref="StartupException">It can't be written.</exception>
    public void Set(ImageTag tag) => Try(() =>
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, tag.Name + Extension), unfinished = $"{path}.{Guid.NewGuid():N}";
        File.WriteAllText(unfinished, JsonSerializer.Serialize(tag, json));
        File.Move(unfinished, path, overwrite: true);
        return true;
    });

    private T Try<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"names of images are in {directory}, which can't be used: {IoReason.Of(exception)}", exception);
        }
    }

    private static ImageTag Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<ImageTag>(File.ReadAllText(path), json) ?? throw new JsonException("it says 'null'");
        }
        catch (JsonException exception)
        {
            throw new StartupException($"{path} is damaged: {exception.Message} Delete it, and build the image again", exception);
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}$")]
    private static partial Regex Name();
}
