using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>A store that was opened, and what it is made of.</summary>
/// <param name="Name">Its name, or its place in the configuration.</param>
/// <param name="Use">What it is for.</param>
/// <param name="Options">Its settings.</param>
/// <param name="Counts">What counts what it is asked for.</param>
/// <param name="Store">The store itself.</param>
/// <param name="Parts">The stores that it is made of, by what they are in it.</param>
internal sealed record OpenedStore(string Name, StoreUse Use, StoreOptions Options, CountedStore Counts, IBlobStore Store, IReadOnlyList<(string Role, OpenedStore Store)> Parts);
