namespace RemoteExec.Worker;

/// <summary>An action can't be run, or its outputs can't be taken, for a reason that lies in the action: no worker would fare better.</summary>
internal abstract class ActionException(string message) : Exception(message);

/// <summary>The action, its command or its input tree break a rule; the message says which value and why.</summary>
internal sealed class InvalidActionException(string message) : ActionException(message);

/// <summary>The outputs of the action are more than it may have; the message says what there is, and whose limit it is.</summary>
internal sealed class TooManyOutputsException(string message) : ActionException(message);

/// <summary>What the action left at the place of an output can't be an output; the message says what it is.</summary>
internal sealed class BadOutputException(string message) : ActionException(message);
