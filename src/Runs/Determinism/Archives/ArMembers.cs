using System.Globalization;
using System.Text;

namespace RemoteExec.Runs.Determinism.Archives;

/// <summary>Takes archives of <c>ar</c> apart: static libraries, packages of Debian.</summary>
internal static class ArMembers
{
    private const int HeaderBytes = 60;

    /// <summary>What they begin with.</summary>
    public static ReadOnlySpan<byte> Magic => "!<arch>\n"u8;

    /// <summary>What is in one, in its order; the table of symbols is a member too.</summary>
    /// <exception cref="InvalidDataException">It is broken.</exception>
    public static IReadOnlyList<ArchiveMember> Read(byte[] content)
    {
        var members = new List<ArchiveMember>();
        string longNames = "";
        for (int offset = Magic.Length; offset < content.Length;)
        {
            if (content.Length - offset < HeaderBytes || content[offset + 58] != '`')
                throw new InvalidDataException("a header is broken");
            string header = Encoding.Latin1.GetString(content, offset, HeaderBytes), name = header[..16].TrimEnd();
            int length = int.Parse(header[48..58].TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture);
            offset += HeaderBytes;
            if (length > content.Length - offset)
                throw new InvalidDataException("a member is cut off");
            byte[] data = content[offset..(offset + length)];
            offset += length + (length & 1);
            if (name == "//")
                longNames = Encoding.Latin1.GetString(data);
            else
                (name, data) = Name(name, data, longNames);
            members.Add(new ArchiveMember(name, data, [("time", Time(header[16..28].TrimEnd())), ("owner", $"{header[28..34].TrimEnd()}:{header[34..40].TrimEnd()}"), ("mode", header[40..48].TrimEnd())]));
        }

        return members;
    }

    // Names of more than 15 characters are in a table (GNU), or before the content (BSD).
    private static (string Name, byte[] Data) Name(string name, byte[] data, string longNames)
    {
        if (name.StartsWith("#1/", StringComparison.Ordinal) && int.TryParse(name[3..], NumberStyles.None, CultureInfo.InvariantCulture, out int length) && length <= data.Length)
            return (Encoding.Latin1.GetString(data, 0, length).TrimEnd('\0'), data[length..]);
        if (name.Length > 1 && name[0] == '/' && int.TryParse(name[1..], NumberStyles.None, CultureInfo.InvariantCulture, out int from) && from < longNames.Length)
            return (longNames[from..].Split('\n')[0].TrimEnd('/'), data);
        return (name is "/" or "/SYM64/" ? "(symbols)" : name.TrimEnd('/'), data);
    }

    private static string Time(string field) => long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds < 253402300800
        ? seconds == 0 ? "none" : ArchiveMembers.Format(DateTimeOffset.FromUnixTimeSeconds(seconds))
        : field;
}
