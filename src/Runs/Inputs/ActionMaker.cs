using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Runs.Inputs;

/// <summary>Makes actions, in the one form that gives equal ones equal digests, and stores what the server lacks of them.</summary>
public static class ActionMaker
{
    /// <summary>Makes an action.</summary>
    /// <param name="spec">The command.</param>
    /// <param name="root">The root of its inputs, which is in the CAS.</param>
    /// <param name="cas">The server's blobs.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<StoredAction> StoreAsync(RunSpec spec, Digest root, IBlobStore cas, CancellationToken cancellationToken)
    {
        var platform = new Reapi.Platform();
        platform.Properties.AddRange(spec.Platform.OrderBy(property => property.Key, Utf8Order.Instance).ThenBy(property => property.Value, Utf8Order.Instance)
            .Select(property => new Reapi.Platform.Types.Property { Name = property.Key, Value = property.Value }));
        var command = new Reapi.Command
        {
            Arguments = { spec.Arguments },
            EnvironmentVariables =
            {
                spec.Environment.OrderBy(variable => variable.Key, Utf8Order.Instance)
                    .Select(variable => new Reapi.Command.Types.EnvironmentVariable { Name = variable.Key, Value = variable.Value }),
            },
            OutputPaths = { spec.Outputs.Distinct(StringComparer.Ordinal).Select(path => RootPath.Relative(spec.WorkingDirectory, path)).Order(Utf8Order.Instance) },
            WorkingDirectory = spec.WorkingDirectory,
            OutputDirectoryFormat = Reapi.Command.Types.OutputDirectoryFormat.TreeAndDirectory, // whose digests others can use as they are
        };
        var action = new Reapi.Action { InputRootDigest = root.ToProto(), DoNotCache = !spec.IsCached, Timeout = spec.Timeout?.ToDuration() };
        if (platform.Properties.Count > 0)
        {
            action.Platform = platform;
#pragma warning disable CS0612 // deprecated, but older servers look there alone
            command.Platform = platform;
#pragma warning restore CS0612
        }

        byte[] encoded = command.ToByteArray();
        Digest commandDigest = root.SiblingOf(encoded);
        action.CommandDigest = commandDigest.ToProto();
        await StoreAsync(commandDigest, encoded, cas, cancellationToken);
        return await StoreAsync(action, command, root, cas, cancellationToken);
    }

    /// <summary>The same action under another digest, which no cache knows and no server keeps the result of.</summary>
    /// <param name="original">The action.</param>
    /// <param name="salt">What makes its digest another one.</param>
    /// <param name="cas">The server's blobs.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static Task<StoredAction> StoreCopyAsync(StoredAction original, string salt, IBlobStore cas, CancellationToken cancellationToken)
    {
        Reapi.Action copy = original.Action.Clone();
        copy.DoNotCache = true;
        copy.Salt = ByteString.CopyFromUtf8(salt);
        return StoreAsync(copy, original.Command, original.Digest, cas, cancellationToken);
    }

    private static async Task<StoredAction> StoreAsync(Reapi.Action action, Reapi.Command command, Digest sibling, IBlobStore cas, CancellationToken cancellationToken)
    {
        byte[] encoded = action.ToByteArray();
        Digest digest = sibling.SiblingOf(encoded);
        await StoreAsync(digest, encoded, cas, cancellationToken);
        return new StoredAction(digest, action, command);
    }

    private static async Task StoreAsync(Digest digest, byte[] content, IBlobStore cas, CancellationToken cancellationToken)
    {
        if (!await cas.ContainsAsync(digest, cancellationToken))
            await cas.WriteAllAsync(digest, content, cancellationToken);
    }
}
