using System.Buffers.Binary;
using System.Text;

namespace RemoteExec.Fuzz.Tests.Calls;

/// <summary>One call: its path and its encoded messages. As a file of the corpus: the path and a line end, and each message behind its length in four bytes.</summary>
/// <param name="Path"><c>/package.Service/Method</c>.</param>
/// <param name="Messages">What is sent.</param>
internal sealed record CallCase(string Path, IReadOnlyList<byte[]> Messages)
{
    /// <summary>Reads a file of the corpus.</summary>
    public static CallCase Read(byte[] file)
    {
        int end = Array.IndexOf(file, (byte)'\n');
        var messages = new List<byte[]>();
        for (int at = end + 1; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            messages.Add(file[(at + 4)..(at + 4 + length)]);
            at += 4 + length;
        }

        return new CallCase(Encoding.ASCII.GetString(file, 0, end), messages);
    }

    /// <summary>The file.</summary>
    public byte[] ToFile() =>
    [
        .. Encoding.ASCII.GetBytes(Path + "\n"),
        .. Messages.SelectMany(message =>
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, message.Length);
            return length.Concat(message);
        }),
    ];
}
