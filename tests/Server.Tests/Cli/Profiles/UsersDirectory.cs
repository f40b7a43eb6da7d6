namespace RemoteExec.Server.Tests.Cli.Profiles;

/// <summary>Tests that change the environment of the process, with which no other may run.</summary>
[CollectionDefinition(nameof(UsersDirectory), DisableParallelization = true)]
public sealed class UsersDirectory;
