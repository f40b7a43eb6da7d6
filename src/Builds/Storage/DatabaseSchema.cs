namespace RemoteExec.Builds.Storage;

/// <summary>The tables of one feature, and how they came to be: each feature has its own, so that features are added and changed without regard to each other.</summary>
/// <param name="Name">Whose tables they are.</param>
/// <param name="Steps">SQL, one text for each version, that is run once. A step is never changed after a release: another is added.</param>
public sealed record DatabaseSchema(string Name, IReadOnlyList<string> Steps);
