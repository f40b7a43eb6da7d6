namespace RemoteExec.Builds.Explain;

/// <summary>A cause, and what it cost a build.</summary>
/// <param name="Kind">What differs.</param>
/// <param name="Subject">Which one.</param>
/// <param name="Sentence">What happened to the first action that missed for it.</param>
/// <param name="Actions">How many actions missed for it.</param>
/// <param name="Share">Their share of all that missed, from 0 to 1.</param>
/// <param name="Seconds">How long their commands ran, in seconds.</param>
/// <param name="Example">One of the actions, <c>function:hash/size</c>.</param>
public sealed record RankedCause(CauseKind Kind, string Subject, string Sentence, long Actions, double Share, double Seconds, string Example);
