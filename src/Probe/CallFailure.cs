namespace RemoteExec.Probe;

/// <summary>Why a server did not answer what it was asked, as far as it makes a difference to who asks.</summary>
public enum CallFailure
{
    /// <summary>It can't be reached, or says that it can't answer now.</summary>
    Unreachable,

    /// <summary>It has to know who calls.</summary>
    NotKnown,

    /// <summary>It knows who calls, and does not let him.</summary>
    NotAllowed,

    /// <summary>It does not have this method.</summary>
    NotOffered,

    /// <summary>It does not like what was asked: an instance that there is not, for example.</summary>
    Refused,

    /// <summary>Something else.</summary>
    Other,
}
