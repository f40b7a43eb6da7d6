using System.Text;

namespace RemoteExec.Python.Wheels;

/// <summary>A file of a wheel that is made when it is wanted.</summary>
/// <param name="Name">Its path.</param>
/// <param name="Crc">Its checksum, as zip archives have it.</param>
/// <param name="Bytes">How long it is.</param>
public sealed record WheelPart(string Name, uint Crc, long Bytes)
{
    /// <summary>The hash of its content, which is in the CAS; null if it is in <see cref="Text"/>.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Its content, if that is in nothing but the wheel.</summary>
    public string? Text { get; init; }

    /// <summary>Whether it can be executed.</summary>
    public bool IsExecutable { get; init; }

    /// <summary>A part with a content of its own.</summary>
    internal static WheelPart Of(string name, string text)
    {
        byte[] content = Encoding.UTF8.GetBytes(text);
        return new WheelPart(name, Crc32.Of(content), content.Length) { Text = text };
    }
}
