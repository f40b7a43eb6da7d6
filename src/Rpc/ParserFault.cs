using Google.Protobuf;

namespace RemoteExec.Rpc;

/// <summary>How the generated parsers fail.</summary>
internal static class ParserFault
{
    /// <summary>
    /// True for what they throw at bytes that are no such message: as documented, and also what they throw at messages like google.protobuf.UInt32Value that end too early, and
    /// what comes out of the parser's innards at lengths that are negative, or at a message that ends within a group.
    /// </summary>
    public static bool IsMalformed(Exception exception) =>
        exception is InvalidProtocolBufferException or InvalidOperationException { Source: "Google.Protobuf" }
        || (exception is ArgumentOutOfRangeException or IndexOutOfRangeException && IsInParser(exception.StackTrace ?? ""));

    // Once it is compiled for speed, the parser's innards are part of the method of the message that calls them.
    private static bool IsInParser(string trace) =>
        trace.Contains("Google.Protobuf.ParsingPrimitives", StringComparison.Ordinal) || trace.Contains("Google.Protobuf.IBufferMessage.InternalMergeFrom(", StringComparison.Ordinal);
}
