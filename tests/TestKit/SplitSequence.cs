using System.Buffers;

namespace RemoteExec.TestKit;

/// <summary>Sequences of several segments, as request pipes make them.</summary>
public static class SplitSequence
{
    /// <summary>Content in segments of these lengths, of which a last one takes the rest; each lies in memory of its own. Lengths of 0 are allowed.</summary>
    public static ReadOnlySequence<byte> Of(ReadOnlySpan<byte> content, params ReadOnlySpan<int> lengths)
    {
        var first = new Segment(null, []);
        Segment last = first;
        foreach (int length in lengths)
        {
            int taken = Math.Min(length, content.Length);
            last = new Segment(last, content[..taken].ToArray());
            content = content[taken..];
        }

        last = new Segment(last, content.ToArray());
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(Segment? previous, byte[] content)
        {
            Memory = content;
            if (previous is null)
                return;
            RunningIndex = previous.RunningIndex + previous.Memory.Length;
            previous.Next = this;
        }
    }
}
