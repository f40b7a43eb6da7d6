using System.Text;
using RemoteExec.Images;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Images;

/// <summary>Reads recipes. An unknown key is a mistake, and every mistake is told with its line.</summary>
internal static class RecipeReader
{
    /// <summary>Reads a recipe out of a YAML file.</summary>
    /// <exception cref="ConfigException">It can't be read, or something is wrong with it.</exception>
    public static ImageRecipe Read(string path)
    {
        try
        {
            return Parse(path, File.ReadAllText(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException([new ConfigProblem(new ConfigOrigin(path), "", $"can't be read: {IoReason.OfReading(path, exception)}")]);
        }
    }

    /// <summary>Parses a recipe.</summary>
    /// <param name="path">The file that it is from: what paths in it are relative to.</param>
    /// <param name="text">The YAML.</param>
    /// <exception cref="ConfigException">Something is wrong with it.</exception>
    public static ImageRecipe Parse(string path, string text)
    {
        List<ConfigProblem> problems = [];
        ConfigNode? root = YamlReader.Read(text, (line, column) => new ConfigOrigin(path, line, column), problems);
        var binder = new OptionBinder();
        RecipeOptions options = binder.BindSection<RecipeOptions>(root);
        if (problems.Count + binder.Problems.Count > 0)
            throw new ConfigException(problems.Count > 0 ? problems : binder.Problems);
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new ImageRecipe
        {
            Directories = options.Directories,
            Symlinks = [.. options.Symlinks.Select(link => new RecipeSymlink(link.Path, link.Target))],
            Archives = [.. options.Archives.Select(archive => archive.ToArchive(directory))],
            Files = [.. options.Files.Select(file => new RecipeFile(file.Path, Encoding.UTF8.GetBytes(file.Content), file.Executable))],
        };
    }
}
