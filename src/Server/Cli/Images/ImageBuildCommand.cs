using System.CommandLine;
using System.Text.Json;
using RemoteExec.Images;
using RemoteExec.Images.Trees;
using RemoteExec.Protocol;

namespace RemoteExec.Server.Cli.Images;

/// <summary><c>remoteexec image build</c>.</summary>
internal static class ImageBuildCommand
{
    private const int MostConflictsShown = 20;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var recipe = new Argument<string>("RECIPE") { Description = "a YAML file; docs/images.md tells what is in it" };
        var tag = new Option<string?>("--tag") { HelpName = "NAME", Description = "a name for the image, which this user can use instead of its digest" };
        var function = new Option<string>("--digest-function") { HelpName = "NAME", Description = "the digest function of the actions that the image is for", DefaultValueFactory = _ => "sha256" };
        var json = new Option<bool>("--json") { Description = "print what came of it as JSON" };
        var command = new Command("build", "Builds an image out of archives, and uploads what the server lacks of it.") { recipe, tag, function, json };
        var flags = new ImageFlags(command);
        command.SetAction(result =>
        {
            if (result.GetValue(tag) is { } given && !ImageTags.IsName(given))
                throw new UsageException($"--tag: '{given}' is no name: write letters, digits and . _ + -");
            ImageRecipe what = RecipeReader.Read(result.GetValue(recipe)!);
            var options = new ImageBuilderOptions { CacheDirectory = UserCache.DirectoryOf("images"), Instance = flags.InstanceOf(result), Function = DigestArgument.Function(result.GetValue(function)!) };
            return flags.ConnectAsync(result, async (cas, cancellationToken) =>
            {
                using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(20) }) { Timeout = Timeout.InfiniteTimeSpan };
                var builder = new ImageBuilder(cas, http, options, TimeProvider.System);
                BuiltImage image = await BuildAsync(builder, what, terminal, isQuiet: result.GetValue(json), cancellationToken);
                if (result.GetValue(tag) is { } name)
                    ImageFlags.Tags.Set(new ImageTag(name, $"{image.Root.Function.Name()}:{Short(image.Root)}", image.Root.Instance.Value, image.Files, image.Bytes, TimeProvider.System.GetUtcNow()));
                if (result.GetValue(json))
                    terminal.WriteLine(JsonSerializer.Serialize(new { Root = Short(image.Root), Property = Property(image.Root), DigestFunction = image.Root.Function.Name(), image.Files, image.Bytes, image.Archives, image.Conflicts }, ImageCommand.Json));
                else
                    Show(image, terminal);
            });
        });
        return command;
    }

    private static async Task<BuiltImage> BuildAsync(ImageBuilder builder, ImageRecipe recipe, Terminal terminal, bool isQuiet, CancellationToken cancellationToken)
    {
        BuiltImage? image = null;
        await terminal.WithStepsAsync("archives", recipe.Archives.Count, async steps => image = await builder.BuildAsync(
            recipe,
            new OneAtATime<ArchiveOutcome>(outcome =>
            {
                if (!isQuiet && !terminal.ShowsProgress)
                    Show(outcome, terminal);
                steps.Report(outcome.Name);
            }),
            cancellationToken));
        foreach (ArchiveOutcome outcome in isQuiet || !terminal.ShowsProgress ? [] : image!.Archives.Where(archive => !archive.IsCached))
            Show(outcome, terminal);
        return image!;
    }

    private static void Show(ArchiveOutcome archive, Terminal terminal)
    {
        string what = archive.IsCached ? "known" : $"unpacked, {Words.Count(archive.UploadedBlobs, "blob")} ({Words.Size(archive.UploadedBytes)}) uploaded";
        terminal.WriteLine([$"{archive.Name}: {Words.Count(archive.Files, "file")}, {Words.Size(archive.Bytes)}; ", new Cell(what, Tone.Faint)]);
        foreach (string notice in archive.Notices)
            terminal.WriteLine([new Cell($"  {notice}", Tone.Faint)]);
    }

    private static void Show(BuiltImage image, Terminal terminal)
    {
        foreach (ImageConflict conflict in image.Conflicts.Take(MostConflictsShown))
            terminal.WriteLine([new Cell("conflict", Tone.Strong), $": {conflict.Path} is from {conflict.Later}, not from {conflict.Earlier}"]);
        if (image.Conflicts.Count > MostConflictsShown)
            terminal.WriteLine($"and {Words.Count(image.Conflicts.Count - MostConflictsShown, "conflict")} more: --json has them all", Tone.Faint);
        int known = image.Archives.Count(archive => archive.IsCached);
        terminal.WriteLine($"{Words.Count(image.Files, "file")}, {Words.Size(image.Bytes)}, of {Words.Count(image.Archives.Count, "archive")}, {known} of them known", Tone.Good);
        terminal.WriteLine(Property(image.Root), Tone.Strong);
    }

    private static string Short(Digest digest) => $"{digest.Hash}/{digest.SizeBytes}";

    private static string Property(Digest root) => $"rootfs={Short(root)}";

    // Several archives are done at a time; who is told of them need not mind.
    private sealed class OneAtATime<T>(Action<T> tell) : IProgress<T>
    {
        private readonly Lock gate = new(); // guards the telling: a line at a time

        public void Report(T value)
        {
            lock (gate)
                tell(value);
        }
    }
}
