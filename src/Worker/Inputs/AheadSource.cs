using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>Fetches what actions will need into the caches, without anything being laid out.</summary>
/// <param name="commands">Keeps commands.</param>
/// <param name="directories">Keeps directories.</param>
/// <param name="files">Keeps files.</param>
/// <param name="turns">Who goes first.</param>
/// <param name="room">The room that files have.</param>
/// <param name="maxNodes">How many files, directories and symlinks an input root may have.</param>
internal sealed class AheadSource(CommandsAhead commands, InputDirectories directories, FileCache files, ActionsFirst turns, CacheRoom room, int maxNodes)
{
    // Less than actions do: it is in no hurry, and what has begun is not broken off when an action starts.
    private const int ParallelFetches = 32;

    // More would drive out what actions need that do come.
    private const int MaxPartOfRoom = 4;

    /// <summary>How much is to be fetched for actions that may never come, in bytes.</summary>
    public long MaxBytes => room.MaxBytes / MaxPartOfRoom;

    /// <summary>Fetches the command, the directories and the files of an action.</summary>
    /// <param name="action">The action.</param>
    /// <param name="take">Asked before each file whether there is to be so much more; false ends it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Cas.BlobsMissingException">The CAS lacks directories.</exception>
    /// <exception cref="InvalidActionException">The action breaks a rule.</exception>
    public async Task FetchAsync(UpcomingAction action, Func<long, bool> take, CancellationToken cancellationToken)
    {
        await turns.WaitAsync(cancellationToken);
        await commands.FetchAsync(action.Command, cancellationToken);
        InputTree tree = await InputTree.ReadAsync(directories, action.InputRoot, maxNodes, cancellationToken);
        await tree.ReadAllAsync([action.InputRoot], cancellationToken);
        List<FileKey> absent = files.Touch(tree.AllBeneath([action.InputRoot]).SelectMany(directory => directory.Files).Select(file => file.Key).ToHashSet());
        await Parallel.ForEachAsync(
            absent,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelFetches, CancellationToken = cancellationToken },
            async (file, cancellation) =>
            {
                await turns.WaitAsync(cancellation);
                if (take(file.Digest.SizeBytes))
                    await files.FetchAheadAsync(file, cancellation);
            });
    }
}
