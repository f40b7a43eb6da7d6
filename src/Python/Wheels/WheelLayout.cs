using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Python.Wheels;

/// <summary>How a wheel is made out of blobs of the CAS: the same bytes each time, since its files lie in it as they are.</summary>
/// <param name="Parts">Its files, in their order.</param>
public sealed record WheelLayout(IReadOnlyList<WheelPart> Parts)
{
    /// <summary>How long one may be, in bytes.</summary>
    internal const int MaxBytes = 64 * 1024 * 1024;

    private const uint Executable = 0x81ED_0000; // a file, 0755
    private const int BufferBytes = 128 * 1024;

    /// <summary>How long the wheel is.</summary>
    internal long WheelBytes => ZipOutput.LengthOf(Parts.Select(ItemOf));

    /// <summary>Writes the wheel; false, and not all of it, if the CAS lacks a file of it.</summary>
    /// <param name="cas">Where its files are.</param>
    /// <param name="instance">The instance that they are in.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CasException">The CAS fails.</exception>
    /// <exception cref="InvalidDataException">It would be longer than wheels are.</exception>
    public async Task<bool> WriteAsync(IBlobStore cas, InstanceName instance, Stream output, CancellationToken cancellationToken)
    {
        var zip = new ZipOutput(output);
        bool isComplete = true;
        foreach (WheelPart part in Parts)
        {
            await zip.AddAsync(ItemOf(part), async stream =>
            {
                if (part.Text is { } text)
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
                else
                    isComplete = await CopyAsync(cas, DigestOf(part, instance), stream, cancellationToken);
            });
            if (!isComplete)
                return false;
        }

        await zip.FinishAsync();
        return true;
    }

    /// <summary>The bytes of it: the same for the same wheel.</summary>
    internal byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, WheelLayoutJson.Default.WheelLayout);

    /// <summary>Reads it.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    internal static WheelLayout Decode(ReadOnlySpan<byte> content)
    {
        try
        {
            WheelLayout? layout = JsonSerializer.Deserialize(content, WheelLayoutJson.Default.WheelLayout);
            return layout?.Parts is { } parts && parts.All(IsGood) ? layout : throw new InvalidDataException("it lacks names, or contents, of files");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(exception.Message, exception);
        }
    }

    private static bool IsGood(WheelPart part) => part is { Name.Length: > 0 and <= ushort.MaxValue, Bytes: >= 0 }
        && (part.Text is { } text ? Encoding.UTF8.GetByteCount(text) == part.Bytes : part.Sha256 is { Length: 64 } hash && hash.All(char.IsAsciiHexDigitLower));

    private static ZipItem ItemOf(WheelPart part)
    {
        var item = new ZipItem(part.Name, IsDeflated: false, part.Crc, part.Bytes, part.Bytes);
        return part.IsExecutable ? item with { Attributes = Executable } : item;
    }

    private static Digest DigestOf(WheelPart part, InstanceName instance) => Digest.Create(instance, DigestFunction.Sha256, Convert.FromHexString(part.Sha256!), part.Bytes);

    private static async Task<bool> CopyAsync(IBlobStore cas, Digest digest, Stream output, CancellationToken cancellationToken)
    {
        await using BlobReader? reader = await cas.OpenReadAsync(digest, 0, cancellationToken);
        if (reader is null)
            return false;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (int read; (read = await reader.ReadAsync(buffer, cancellationToken)) > 0;)
                await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(WheelLayout))]
internal sealed partial class WheelLayoutJson : JsonSerializerContext;
