using System.Net.Sockets;

namespace RemoteExec.Worker.Sandbox;

/// <summary>
/// A user id that belongs to one action at a time, unless all share one: what runs under it is that action's, and can touch neither the worker's files nor
/// another action's. Made by <see cref="ActionUsers"/>; no such user need exist in the user database.
/// </summary>
internal sealed class ActionUser
{
    private readonly Socket? claim;

    internal ActionUser(uint id, Socket? claim)
    {
        Id = id;
        this.claim = claim;
    }

    /// <summary>The user id, and the id of its only group.</summary>
    public uint Id { get; }

    internal void Release() => claim?.Dispose();
}
