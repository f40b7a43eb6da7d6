using System.Text;
using Google.Protobuf;
using RemoteExec.Protocol.Persistent;

namespace RemoteExec.Worker.Persistent;

/// <summary>Speaks Bazel's worker protocol with a process: one request, one response. One caller at a time.</summary>
/// <param name="stream">Its standard input and output.</param>
/// <param name="isJson">True for a line of JSON each, false for protocol buffers with their lengths in front.</param>
/// <param name="maxBytes">How long a response may be.</param>
internal sealed class WorkChannel(Stream stream, bool isJson, int maxBytes)
{
    private const int LongestLength = 5; // of a number of 32 bits, 7 in a byte
    private static readonly JsonFormatter formatter = new(JsonFormatter.Settings.Default);
    private static readonly JsonParser parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));
    private byte[] buffer = new byte[4096];
    private int filled;

    /// <summary>Asks, and waits for the answer.</summary>
    /// <exception cref="PersistentException">There is none, or it makes no sense. The process is not to be asked again.</exception>
    public async Task<WorkResponse> AskAsync(WorkRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(isJson ? Encoding.UTF8.GetBytes(formatter.Format(request) + "\n") : Delimited(request), cancellationToken);
            WorkResponse response = isJson ? await ReadLineAsync(cancellationToken) : await ReadDelimitedAsync(cancellationToken);
            if (filled > 0)
                throw new PersistentException("it said more than it was asked");
            return response.RequestId == request.RequestId ? response : throw new PersistentException($"it answered request {response.RequestId}, which nobody made");
        }
        catch (Exception exception) when (exception is IOException or InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new PersistentException($"it can't be spoken with: {exception.Message}", exception);
        }
    }

    private static byte[] Delimited(WorkRequest request)
    {
        int size = request.CalculateSize();
        byte[] message = new byte[CodedOutputStream.ComputeLengthSize(size) + size];
        var output = new CodedOutputStream(message);
        output.WriteLength(size);
        request.WriteTo(output);
        output.CheckNoSpaceLeft();
        return message;
    }

    private async Task<WorkResponse> ReadDelimitedAsync(CancellationToken cancellationToken)
    {
        int used;
        int length;
        while (!TryReadLength(out length, out used))
            await FillAsync(cancellationToken);
        while (filled < used + length)
            await FillAsync(cancellationToken);
        WorkResponse response = WorkResponse.Parser.ParseFrom(buffer, used, length);
        Drop(used + length);
        return response;
    }

    private async Task<WorkResponse> ReadLineAsync(CancellationToken cancellationToken)
    {
        int end;
        while ((end = buffer.AsSpan(0, filled).IndexOf((byte)'\n')) < 0)
            await FillAsync(cancellationToken);
        WorkResponse response = parser.Parse<WorkResponse>(Encoding.UTF8.GetString(buffer, 0, end));
        Drop(end + 1);
        return response;
    }

    private bool TryReadLength(out int length, out int used)
    {
        length = 0;
        for (used = 0; used < filled;)
        {
            if (used == LongestLength)
                throw new PersistentException("its response has no length");
            byte next = buffer[used];
            length |= (next & 0x7F) << (7 * used++);
            if (next < 0x80)
                return length >= 0 && length <= maxBytes ? true : throw new PersistentException($"its response has {(uint)length} bytes, more than {maxBytes}");
        }

        return false;
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        if (filled == buffer.Length)
        {
            if (filled > maxBytes)
                throw new PersistentException($"its response has more than {maxBytes} bytes");
            Array.Resize(ref buffer, filled * 2);
        }

        int count = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken);
        if (count == 0)
            throw new PersistentException("it ended without an answer");
        filled += count;
    }

    private void Drop(int count)
    {
        buffer.AsSpan(count, filled - count).CopyTo(buffer);
        filled -= count;
    }
}
