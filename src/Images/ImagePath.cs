using System.Diagnostics.CodeAnalysis;
using System.Text;
using RemoteExec.Protocol;

namespace RemoteExec.Images;

/// <summary>Paths inside of an image: relative, of segments that a file system can have.</summary>
public static class ImagePath
{
    private const char Replacement = '\ufffd'; // what stands in the place of bytes that are no UTF-8
    private const int MaxDepth = 256;
    private const int MaxSegmentBytes = 255;

    /// <summary>Takes a name apart. <c>.</c> and double slashes are left out; the root has no segments.</summary>
    /// <param name="name">As it stands in an archive or a recipe.</param>
    /// <param name="segments">Its segments.</param>
    /// <param name="error">What is wrong with it: it leads out of the image, or no file can be called so.</param>
    public static bool TrySplit(string name, out string[] segments, [NotNullWhen(false)] out string? error)
    {
        segments = [.. name.Split('/').Where(segment => segment is not ("" or "."))];
        error = name.StartsWith('/') ? "is absolute: names begin at the root of the image, without a slash"
            : segments.Contains("..") ? "leads out of its directory with '..'"
            : name.Contains(Replacement) ? "is no UTF-8"
            : segments.Length > MaxDepth ? $"has more than {MaxDepth} segments"
            : !segments.All(DirectoryValidator.IsSegment) ? "has a NUL in it"
            : segments.Any(segment => Encoding.UTF8.GetByteCount(segment) > MaxSegmentBytes) ? $"has a segment of more than {MaxSegmentBytes} bytes"
            : null;
        return error is null;
    }
}
