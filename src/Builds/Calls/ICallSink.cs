using Microsoft.Data.Sqlite;

namespace RemoteExec.Builds.Calls;

/// <summary>Makes something of calls, and keeps it in the database. Called by one thread at a time.</summary>
internal interface ICallSink
{
    /// <summary>Takes a call into memory.</summary>
    void Take(in ObservedCall call);

    /// <summary>Writes what was taken since it was asked to last; within a transaction, with what others write.</summary>
    void Write(SqliteConnection connection, DateTimeOffset now);

    /// <summary>The file was begun anew: what was thought to be in it is not.</summary>
    void Reset();
}
