using Google.Protobuf;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>An Action message while it waits: hashes as bytes instead of text, the platform not once more, the rest as it came. Taken together it is the message again, field by field.</summary>
internal readonly struct PackedAction
{
    private readonly byte[] packed; // the two hashes, then the rest as a message
    private readonly long commandBytes;
    private readonly long rootBytes;
    private readonly int hashLength; // 0 if the rest is everything
    private readonly bool hasPlatform;

    /// <summary>Packs a message.</summary>
    /// <param name="action">The message; it is not changed.</param>
    /// <param name="platform">The platform that is kept elsewhere, if it is the action's own.</param>
    public PackedAction(Reapi.Action action, Reapi.Platform? platform)
    {
        byte[] command = [];
        byte[] root = [];
        Reapi.Action rest = action.Clone();
        if (IsPlain(action.CommandDigest, out command) && IsPlain(action.InputRootDigest, out root) && command.Length == root.Length)
        {
            hashLength = command.Length;
            (commandBytes, rootBytes) = (action.CommandDigest.SizeBytes, action.InputRootDigest.SizeBytes);
            rest.CommandDigest = null;
            rest.InputRootDigest = null;
        }

        if (platform is not null && platform.Equals(action.Platform))
        {
            hasPlatform = true;
            rest.Platform = null;
        }

        packed = hashLength > 0 ? [.. command, .. root, .. rest.ToByteArray()] : rest.ToByteArray();
    }

    /// <summary>The message, made anew.</summary>
    /// <param name="platform">The platform that was kept elsewhere.</param>
    public Reapi.Action ToProto(Reapi.Platform? platform)
    {
        Reapi.Action action = Reapi.Action.Parser.ParseFrom(packed.AsSpan(2 * hashLength));
        if (hashLength > 0)
        {
            action.CommandDigest = new Reapi.Digest { Hash = Convert.ToHexStringLower(packed.AsSpan(0, hashLength)), SizeBytes = commandBytes };
            action.InputRootDigest = new Reapi.Digest { Hash = Convert.ToHexStringLower(packed.AsSpan(hashLength, hashLength)), SizeBytes = rootBytes };
        }

        if (hasPlatform)
            action.Platform = platform;
        return action;
    }

    // What comes out of the hash again must be what went in, and nothing may be lost beside it.
    private static bool IsPlain(Reapi.Digest? digest, out byte[] hash)
    {
        hash = [];
        if (digest is null || digest.Hash.Length == 0 || digest.Hash.Length % 2 != 0 || !digest.Hash.All(char.IsAsciiHexDigitLower))
            return false;
        hash = Convert.FromHexString(digest.Hash);
        return digest.Equals(new Reapi.Digest { Hash = digest.Hash, SizeBytes = digest.SizeBytes });
    }
}
