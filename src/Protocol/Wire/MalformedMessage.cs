using Google.Protobuf;

namespace RemoteExec.Protocol.Wire;

/// <summary>How the generated parsers fail.</summary>
public static class MalformedMessage
{
    /// <summary>
    /// True for what a generated parser throws at bytes that are no such message: <see cref="InvalidProtocolBufferException"/> as documented, and
    /// <see cref="InvalidOperationException"/> for a message of <c>google.protobuf.UInt32Value</c> and its like that ends too early; and whatever
    /// comes out of the parser's innards at lengths that are negative, or at a message that ends within a group.
    /// </summary>
    public static bool IsReason(Exception exception) =>
        exception is InvalidProtocolBufferException or InvalidOperationException { Source: "Google.Protobuf" }
        || (exception is ArgumentOutOfRangeException or IndexOutOfRangeException && IsInParser(exception.StackTrace ?? ""));

    // Once it is compiled for speed, the parser's innards are part of the method of the message that calls them.
    private static bool IsInParser(string trace) =>
        trace.Contains("Google.Protobuf.ParsingPrimitives", StringComparison.Ordinal) || trace.Contains("Google.Protobuf.IBufferMessage.InternalMergeFrom(", StringComparison.Ordinal);
}
