using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth.Users;

/// <summary>A user of the file, ready to be asked for his password.</summary>
internal sealed class KnownUser
{
    private readonly ApiUser? user;
    private readonly PasswordHash hash;
    private int tries; // that wait or go on

    private KnownUser(ApiUser? user, PasswordHash hash, Caller? caller) => (this.user, this.hash, Caller) = (user, hash, caller);

    /// <summary>Who calls if the password fits; null if his role is not there.</summary>
    public Caller? Caller { get; }

    /// <summary>True for the one who stands for all that are not known.</summary>
    public bool IsNobody => user is null;

    /// <summary>A new one who stands for all that are not known: to try a password takes as long with him.</summary>
    public static KnownUser NewNobody() => new(null, PasswordHash.Nobody, null);

    /// <summary>A user out of the file.</summary>
    /// <param name="user">As the file has him, with a good hash.</param>
    /// <param name="caller">Who calls if the password fits; null if his role is not there.</param>
    public static KnownUser Of(ApiUser user, Caller? caller) => new(user, PasswordHash.Parse(user.Hash)!, caller);

    /// <summary>Begins a try; false if there are so many already. Who began one ends it.</summary>
    public bool TryBegin(int most)
    {
        if (Interlocked.Increment(ref tries) <= most)
            return true;
        End();
        return false;
    }

    /// <summary>A try has ended.</summary>
    public void End() => Interlocked.Decrement(ref tries);

    /// <summary>True if this is the password, which takes some tenths of a second to say.</summary>
    public bool Fits(string password) => hash.Fits(password) && !IsNobody;

    /// <summary>What comes of the right password.</summary>
    public Authentication Answer() => Caller is { } caller
        ? Authentication.Of(caller)
        : Authentication.Refused($"user '{user!.Name}' has the role '{user.Role}', which this server does not have (setting auth.roles)");
}
