namespace RemoteExec.Builds.Events;

/// <summary>What events tell of tests.</summary>
internal static class BazelTestEvent
{
    private const string LogName = "test.log";

    /// <summary>A test was run once, or its result was found.</summary>
    /// <exception cref="EventMalformedException">It is no <c>TestResult</c>.</exception>
    public static BuildFact.TestRan ReadResult(ReadOnlySpan<byte> message, in BazelEventId id)
    {
        long? took = null;
        bool isCachedLocally = false, isCachedRemotely = false;
        var status = TestStatus.NoStatus;
        string log = "";
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            switch (fields.Number)
            {
                case 2 when log.Length == 0:
                    (string name, string uri) = BazelFile.Read(fields.Bytes);
                    if (name == LogName)
                        log = uri;
                    break;
                case 3:
                    took ??= fields.Value;
                    break;
                case 4:
                    isCachedLocally = fields.Value != 0;
                    break;
                case 5:
                    status = StatusOf(fields);
                    break;
                case 8:
                    isCachedRemotely = MessageFields.NumberOf(fields.Bytes, 6) != 0;
                    break;
                case 11:
                    took = BazelTime.ReadDuration(fields.Bytes);
                    break;
            }
        }

        return new BuildFact.TestRan(id.Label, status, id.Run, id.Shard, id.Attempt, isCachedLocally, isCachedRemotely, BazelTime.Sensible(took) ?? 0, log);
    }

    /// <summary>A test is done with.</summary>
    /// <exception cref="EventMalformedException">It is no <c>TestSummary</c>.</exception>
    public static BuildFact.TestEnded ReadSummary(ReadOnlySpan<byte> message, string label)
    {
        var status = TestStatus.NoStatus;
        int runs = 0, shards = 0, attempts = 0;
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            switch (fields.Number)
            {
                case 5:
                    status = StatusOf(fields);
                    break;
                case 10:
                    runs = fields.ToInt32();
                    break;
                case 11:
                    shards = fields.ToInt32();
                    break;
                case 15:
                    attempts = fields.ToInt32();
                    break;
            }
        }

        return new BuildFact.TestEnded(label, status, runs, shards, attempts);
    }

    private static TestStatus StatusOf(in MessageFields fields) =>
        fields.Value is > 0 and <= (long)TestStatus.ToolHaltedBeforeTesting ? (TestStatus)fields.Value : TestStatus.NoStatus;
}
