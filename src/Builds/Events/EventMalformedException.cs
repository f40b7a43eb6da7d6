namespace RemoteExec.Builds.Events;

/// <summary>Something is no message of the kind that it was sent as.</summary>
internal sealed class EventMalformedException() : FormatException("the event is no message that can be read");
