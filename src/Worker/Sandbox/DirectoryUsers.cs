namespace RemoteExec.Worker.Sandbox;

/// <summary>Who actions run as in the tier without namespaces.</summary>
internal static class DirectoryUsers
{
    /// <summary>Users of their own for actions, if that is wanted and possible; else none, and why it is not possible.</summary>
    /// <exception cref="InvalidOperationException">They are asked for in as many words, but not possible.</exception>
    public static async Task<(ActionUsers? Users, string? Problem)> FindAsync(WorkerOptions options, ScratchDirectory scratch)
    {
        if (options.SeparateUsers == false)
            return (null, null);

        string? problem;
        if (!ActionUsers.AreAvailable())
        {
            problem = "that takes root, with the capabilities chown, dac_override, fowner, kill, setgid and setuid";
        }
        else
        {
            var users = new ActionUsers(options.MaxProcesses);
            ActionUser user = users.Take();
            users.Return(user);
            if (await ActionUsers.CanEnterAsync(user, scratch.Actions))
                return (users, null);
            users.Dispose();
            problem = $"other users can't enter '{scratch.Actions}': give all directories above it o+x, or choose another scratch directory";
        }

        return options.SeparateUsers == true
            ? throw new InvalidOperationException($"actions can't run as users of their own: {problem}")
            : (null, problem);
    }
}
