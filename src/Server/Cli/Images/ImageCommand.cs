using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RemoteExec.Server.Cli.Images;

/// <summary><c>remoteexec image</c>: root file systems for actions, made of archives.</summary>
internal static class ImageCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec image build recipe.yaml --tag gcc
        remoteexec image ls
        remoteexec image diff gcc gcc-new
        remoteexec image export gcc gcc.tar
        remoteexec image export gcc gcc-oci --oci
        """;

    /// <summary>How answers look as JSON.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new("image", "Makes root file systems for actions (platform property 'rootfs') out of archives with checksums.")
    {
        ImageBuildCommand.Create(terminal),
        ImageListCommand.Create(terminal),
        ImageDiffCommand.Create(terminal),
        ImageExportCommand.Create(terminal),
    };
}
