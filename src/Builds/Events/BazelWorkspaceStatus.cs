using System.Text;

namespace RemoteExec.Builds.Events;

/// <summary>What a workspace says of itself: keys and values, of which two say who builds and where.</summary>
internal static class BazelWorkspaceStatus
{
    private const int LongestWord = 256;

    /// <summary>Reads it.</summary>
    /// <exception cref="EventMalformedException">It is no <c>WorkspaceStatus</c>.</exception>
    public static BuildFact.Placed Read(ReadOnlySpan<byte> message)
    {
        string user = "", host = "";
        var items = new MessageFields(message);
        while (items.Next())
        {
            if (items.Number != 1)
                continue;
            ReadOnlySpan<byte> key = default;
            string value = "";
            var item = new MessageFields(items.Bytes);
            while (item.Next())
            {
                if (item.Number == 1)
                    key = item.Bytes;
                else if (item.Number == 2)
                    value = item.ToText(LongestWord);
            }

            if (Ascii.Equals(key, "BUILD_USER"))
                user = value;
            else if (Ascii.Equals(key, "BUILD_HOST"))
                host = value;
        }

        return new BuildFact.Placed(user, host);
    }
}
