namespace RemoteExec.Builds.Events;

/// <summary>Files that events name.</summary>
internal static class BazelFile
{
    /// <summary>Where a file can be read, as the client has it: <c>bytestream://…</c> if it was uploaded; empty if it is not told.</summary>
    /// <exception cref="EventMalformedException">It is no <c>File</c>.</exception>
    public static string ReadUri(ReadOnlySpan<byte> message) => Read(message).Uri;

    /// <summary>A file's name, and where it can be read.</summary>
    /// <exception cref="EventMalformedException">It is no <c>File</c>.</exception>
    public static (string Name, string Uri) Read(ReadOnlySpan<byte> message)
    {
        string name = "", uri = "";
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            if (fields.Number == 1)
                name = fields.ToText(BazelEvent.LongestLabel);
            else if (fields.Number == 2)
                uri = fields.ToText(BazelEvent.LongestLabel);
        }

        return (name, uri);
    }
}
