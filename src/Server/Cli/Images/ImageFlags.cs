using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Images;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Hosting;
using RemoteExec.Trees;

namespace RemoteExec.Server.Cli.Images;

/// <summary>The flags of every command that has to do with images in a server's CAS.</summary>
internal sealed class ImageFlags
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);

    private readonly Option<string> instance = new("--instance") { HelpName = "NAME", Description = "the instance that the image is in [default: the one without a name]", DefaultValueFactory = _ => "" };
    private readonly ServerConnection connection;

    /// <summary>Adds them to a command.</summary>
    public ImageFlags(Command command)
    {
        connection = ServerConnection.OfClient(command);
        command.Add(instance);
    }

    /// <summary>The names of this user's images.</summary>
    public static ImageTags Tags => new(Path.Combine(DataDirectories.Default, "images"));

    /// <summary>The instance that is meant.</summary>
    /// <exception cref="UsageException">It can't be one.</exception>
    public InstanceName InstanceOf(ParseResult result) => DigestArgument.Instance(result.GetValue(instance)!);

    /// <summary>The image that is meant: a name, or <c>[function:]hash/size</c> in the instance of the flag.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public Digest ImageOf(ParseResult result, string text)
    {
        if (Tags.Find(text) is { } tag)
            return DigestArgument.Parse(DigestArgument.Instance(tag.Instance), tag.Root) ?? throw new StartupException($"the image named {text} can't be read: build it again");
        return DigestArgument.Parse(InstanceOf(result), text) ?? throw new UsageException($"'{text}' is neither the name of an image (image ls) nor a digest, HASH/SIZE");
    }

    /// <summary>Connects to the CAS, and tells in words what goes wrong. A signal ends it in good order: what is temporary goes.</summary>
    /// <exception cref="StartupException">It failed; the message tells what to change.</exception>
    public async Task<int> ConnectAsync(ParseResult result, Func<IBlobStore, CancellationToken, Task> use)
    {
        using var signals = new StopSignals();
        await using RpcChannel channel = connection.Open(result, NullLogger.Instance, TimeProvider.System);
        try
        {
            await use(new EmptyBlobStore(new RemoteStore(channel, patience, TimeProvider.System)), signals.Stopping);
            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (signals.Stopping.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (StoreUnavailableException exception)
        {
            throw new StartupException($"{exception.Message}; name the gRPC address of a server that runs with --server", exception);
        }
        catch (TreeException exception)
        {
            throw new StartupException($"{new Cell(exception.Message).Text}: build the image again", exception);
        }
        catch (Exception exception) when (exception is ImageException or CasException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException(new Cell(exception.Message).Text, exception); // which may have names out of an archive
        }
    }
}
