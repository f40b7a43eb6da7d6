namespace RemoteExec.Execution.Operators;

/// <summary>Why a call to the scheduler of another process failed.</summary>
public enum OperatorCallFailure
{
    /// <summary>Anything else: a defect, as a rule.</summary>
    Other,

    /// <summary>There was no answer.</summary>
    Unreachable,

    /// <summary>The server there has no such service: it executes nothing, or is too old.</summary>
    NotOffered,

    /// <summary>The caller may not do this.</summary>
    NotAllowed,

    /// <summary>What was named is not there.</summary>
    NotFound,

    /// <summary>The request makes no sense.</summary>
    BadRequest,
}
