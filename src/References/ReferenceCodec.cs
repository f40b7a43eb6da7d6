using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using Wire = RemoteExec.Protocol.References;

namespace RemoteExec.References;

/// <summary>References as messages: on the wire, and in the media that keep them.</summary>
public static class ReferenceCodec
{
    /// <summary>The message of a reference.</summary>
    public static Wire.Reference ToMessage(Reference reference) => new()
    {
        Name = reference.Name.Value,
        Target = ToMessage(reference.Target),
        Version = reference.Version,
        Updated = reference.Updated.ToTimestamp(),
        Expires = reference.Expires?.ToTimestamp(),
        UpdatedBy = reference.UpdatedBy,
        Note = reference.Note,
    };

    /// <summary>The message of a target.</summary>
    public static Wire.Target ToMessage(ReferenceTarget target)
    {
        var message = new Wire.Target { DigestFunction = (Reapi.DigestFunction.Types.Value)target.Digest.Function };
        if (target.IsDirectory)
            message.Directory = target.Digest.ToProto();
        else
            message.Blob = target.Digest.ToProto();
        return message;
    }

    /// <summary>Reads a target; null if it is none, and <paramref name="error"/> says why.</summary>
    public static ReferenceTarget? ReadTarget(InstanceName instance, Wire.Target? message, out string? error)
    {
        error = null;
        Reapi.Digest? digest = message?.KindCase switch
        {
            Wire.Target.KindOneofCase.Directory => message.Directory,
            Wire.Target.KindOneofCase.Blob => message.Blob,
            _ => null,
        };
        if (digest is null)
            error = "it has neither a directory nor a blob";
        return digest is not null && Digest.TryParse(instance, (DigestFunction)message!.DigestFunction, digest, out Digest parsed, out error)
            ? new ReferenceTarget(parsed, message.KindCase == Wire.Target.KindOneofCase.Directory)
            : null;
    }

    /// <summary>The bytes of a record.</summary>
    internal static byte[] Encode(ReferenceRecord record)
    {
        var stored = new Wire.StoredReference { Name = record.Name.Value, Version = record.Version, Changed = record.Changed.ToTimestamp(), Deleted = record.IsDeleted };
        stored.History.AddRange(record.History.Select(ToMessage));
        return stored.ToByteArray();
    }

    /// <summary>Reads a record.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or of a later version of the program.</exception>
    internal static ReferenceRecord Decode(InstanceName instance, byte[] content)
    {
        try
        {
            Wire.StoredReference stored = Wire.StoredReference.Parser.ParseFrom(content);
            ReferenceName name = NameOf(stored.Name);
            return new ReferenceRecord(name, stored.Version, TimeOf(stored.Changed), stored.Deleted, [.. stored.History.Select(message => ToReference(instance, message))]);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception) || exception is InvalidOperationException)
        {
            throw new InvalidDataException($"a record of a reference is damaged: {exception.Message}", exception);
        }
    }

    private static Reference ToReference(InstanceName instance, Wire.Reference message) => new(
        NameOf(message.Name), ReadTarget(instance, message.Target, out string? error) ?? throw new InvalidDataException($"the record of '{message.Name}' is damaged: {error}"),
        message.Version, TimeOf(message.Updated), message.Expires?.ToDateTimeOffset(), message.UpdatedBy, message.Note);

    private static DateTimeOffset TimeOf(Timestamp? time) => time?.ToDateTimeOffset() ?? throw new InvalidDataException("a time is missing");

    private static ReferenceName NameOf(string text) => ReferenceName.TryParse(text, out ReferenceName name, out string? error) ? name : throw new InvalidDataException(error);
}
