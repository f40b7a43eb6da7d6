using System.Globalization;
using System.Text;

namespace RemoteExec.Images.Archives;

/// <summary>What POSIX puts before an entry that does not fit into its header: <c>length key=value</c>, a line each.</summary>
internal static class PaxRecords
{
    /// <summary>Reads the records; the last one with a key counts.</summary>
    /// <exception cref="InvalidDataException">They are damaged.</exception>
    public static Dictionary<string, string> Parse(ReadOnlySpan<byte> content)
    {
        var records = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!content.IsEmpty)
        {
            int blank = content.IndexOf((byte)' ');
            if (blank < 1 || !int.TryParse(content[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length < blank + 2 || length > content.Length)
                throw new InvalidDataException("a record before an entry is damaged");
            ReadOnlySpan<byte> record = content[(blank + 1)..(length - 1)];
            int equals = record.IndexOf((byte)'=');
            if (equals < 0 || content[length - 1] != '\n')
                throw new InvalidDataException("a record before an entry is damaged");
            records[Encoding.UTF8.GetString(record[..equals])] = Encoding.UTF8.GetString(record[(equals + 1)..]);
            content = content[length..];
        }

        return records;
    }
}
