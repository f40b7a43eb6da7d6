using RemoteExec.Python.Names;

namespace RemoteExec.Python.Serving;

/// <summary>
/// Which projects may come from an upstream. One that is in the index never does, or else whoever puts a later version of it there has it installed here; but for those that are said to come from both.
/// </summary>
/// <param name="own">Projects that never come from there, though they are not in the index yet.</param>
/// <param name="shared">Projects that come from there as well, though they are in the index.</param>
public sealed class UpstreamRules(IReadOnlyList<ProjectPattern> own, IReadOnlyList<ProjectPattern> shared)
{
    /// <summary>True if the upstream may be asked for a project.</summary>
    /// <param name="project">The project.</param>
    /// <param name="isOwn">True if it is in the index.</param>
    public bool Allow(ProjectName project, bool isOwn) => shared.Any(pattern => pattern.Fits(project)) || (!isOwn && !own.Any(pattern => pattern.Fits(project)));
}
