using System.Text;

namespace RemoteExec.Builds.Events;

/// <summary>Which event it is: the <c>BuildEventId</c>, of which each kind has a field.</summary>
internal readonly ref struct BazelEventId
{
    private const int LongestPatterns = 16 * 1024; // characters of all of them together
    private const int Pattern = 4, TargetCompleted = 5, ActionCompleted = 6, TestSummary = 7, TestResult = 8, SkippedPattern = 10, TargetConfigured = 16, ConfiguredLabel = 21;

    /// <summary>Reads one.</summary>
    /// <exception cref="EventMalformedException">It is none.</exception>
    public BazelEventId(ReadOnlySpan<byte> message)
    {
        Label = Output = Patterns = "";
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            switch (fields.Number)
            {
                case Pattern or SkippedPattern:
                    Patterns = ReadPatterns(fields.Bytes);
                    break;
                case TargetCompleted or TestSummary or TargetConfigured or ConfiguredLabel:
                    IsTarget = fields.Number is TargetCompleted or ConfiguredLabel;
                    Label = MessageFields.TextOf(fields.Bytes, 1, BazelEvent.LongestLabel);
                    break;
                case ActionCompleted:
                    (Output, Label) = (MessageFields.TextOf(fields.Bytes, 1, BazelEvent.LongestLabel), MessageFields.TextOf(fields.Bytes, 2, BazelEvent.LongestLabel));
                    break;
                case TestResult:
                    Label = MessageFields.TextOf(fields.Bytes, 1, BazelEvent.LongestLabel);
                    (Run, Shard, Attempt) = (MessageFields.NumberOf(fields.Bytes, 2), MessageFields.NumberOf(fields.Bytes, 3), MessageFields.NumberOf(fields.Bytes, 4));
                    break;
            }
        }
    }

    /// <summary>The label of the target that it is about.</summary>
    public string Label { get; }

    /// <summary>True if it is about what came of a target.</summary>
    public bool IsTarget { get; }

    /// <summary>What an action makes first of all.</summary>
    public string Output { get; }

    /// <summary>What is to be built, a pattern to each line.</summary>
    public string Patterns { get; }

    /// <summary>The number of a test's run.</summary>
    public int Run { get; }

    /// <summary>The number of its shard.</summary>
    public int Shard { get; }

    /// <summary>The number of its attempt.</summary>
    public int Attempt { get; }

    private static string ReadPatterns(ReadOnlySpan<byte> message)
    {
        var patterns = new StringBuilder();
        var fields = new MessageFields(message);
        while (fields.Next() && patterns.Length < LongestPatterns)
        {
            if (fields.Number == 1)
                patterns.Append(patterns.Length == 0 ? "" : "\n").Append(fields.ToText(BazelEvent.LongestLabel));
        }

        return patterns.ToString();
    }
}
