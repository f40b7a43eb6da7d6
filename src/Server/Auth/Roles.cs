using RemoteExec.Protocol.Access;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth;

/// <summary>The roles that credentials can have: those that every server knows, and those of its configuration.</summary>
internal sealed class Roles
{
    private const Right Reads = Right.ReadCas | Right.ReadAc;

    private static readonly Dictionary<string, Right> presets = new(StringComparer.Ordinal)
    {
        ["reader"] = Reads,
        ["developer"] = Reads | Right.WriteCas | Right.Execute, // what it executes is stored, what it says is the result is not
        ["ci"] = Reads | Right.WriteCas | Right.WriteAc | Right.Execute,
        ["worker"] = Right.Work, // blobs are opened to it by the leases that it is given
        ["operator"] = Reads | Right.Operate,
        ["node"] = Reads | Right.WriteCas | Right.WriteAc | Right.Execute | Right.Work | Right.Impersonate,
        ["admin"] = Right.Admin,
    };

    private readonly Dictionary<string, IReadOnlyList<Grant>> grants;

    /// <summary>Takes in the roles of the configuration, which was checked.</summary>
    public Roles(IReadOnlyDictionary<string, RoleOptions> configured) =>
        grants = configured.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.ToGrants()))
            .Concat(presets.Select(entry => KeyValuePair.Create(entry.Key, (IReadOnlyList<Grant>)[new Grant(entry.Value, InstanceScope.All)])))
            .ToDictionary(StringComparer.Ordinal);

    /// <summary>The roles that every server knows.</summary>
    public static IReadOnlyDictionary<string, Right> Presets => presets;

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<string> Names => grants.Keys;

    /// <summary>What a role may do; null if there is no such role.</summary>
    /// <param name="role">Its name.</param>
    /// <param name="scopes">The instances in which it is given; none for all that it is good for.</param>
    public IReadOnlyList<Grant>? Find(string role, IReadOnlyList<InstanceScope> scopes)
    {
        if (!grants.TryGetValue(role, out IReadOnlyList<Grant>? found) || scopes.Count == 0)
            return found;
        return [.. found.SelectMany(grant => scopes, (grant, scope) => grant.Scope.Intersect(scope) is { } both ? grant with { Scope = both } : null).OfType<Grant>()];
    }
}
