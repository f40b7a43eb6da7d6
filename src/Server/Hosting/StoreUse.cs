namespace RemoteExec.Server.Hosting;

/// <summary>What a store is opened for.</summary>
internal enum StoreUse
{
    /// <summary>For the CAS.</summary>
    Blobs,

    /// <summary>For the action cache.</summary>
    Results,
}
