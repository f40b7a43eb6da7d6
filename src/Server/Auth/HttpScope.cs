namespace RemoteExec.Server.Auth;

/// <summary>In which instance a path of HTTP takes its right.</summary>
internal enum HttpScope
{
    /// <summary>In none: everybody may ask.</summary>
    Public,

    /// <summary>In all.</summary>
    Everywhere,

    /// <summary>In some instance, whichever.</summary>
    Somewhere,

    /// <summary>In the one that the query names; without a name, in the nameless one.</summary>
    Query,

    /// <summary>In the one to which the query narrows the answer; without a name, in all.</summary>
    Filter,

    /// <summary>In the one of the build that the path names.</summary>
    Build,

    /// <summary>In the one of the operation that the path names.</summary>
    Operation,
}
