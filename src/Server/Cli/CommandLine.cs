using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using RemoteExec.Server.Cli.Access;
using RemoteExec.Server.Cli.Assets;
using RemoteExec.Server.Cli.Audits;
using RemoteExec.Server.Cli.Builds;
using RemoteExec.Server.Cli.Completion;
using RemoteExec.Server.Cli.Deploy;
using RemoteExec.Server.Cli.Diagnosis;
using RemoteExec.Server.Cli.Explain;
using RemoteExec.Server.Cli.Images;
using RemoteExec.Server.Cli.Operators;
using RemoteExec.Server.Cli.Probing;
using RemoteExec.Server.Cli.Profiles;
using RemoteExec.Server.Cli.Provenance;
using RemoteExec.Server.Cli.Python;
using RemoteExec.Server.Cli.References;
using RemoteExec.Server.Cli.Replay;
using RemoteExec.Server.Cli.Runs;
using RemoteExec.Server.Cli.Settings;
using RemoteExec.Server.Cli.Top;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli;

/// <summary>The commands of <c>remoteexec</c>, and how each failure ends: one line on standard error and an exit code.</summary>
internal static class CommandLine
{
    private static readonly (string Name, Func<Terminal, Command> Create)[] commands =
    [
        ("serve", ServeCommand.Create),
        ("worker", WorkerCommand.Create),
        ("queue", QueueCommand.Create),
        ("workers", WorkersCommand.Create),
        ("operations", OperationsCommand.Create),
        ("builds", BuildsCommand.Create),
        ("explain", ExplainCommand.Create),
        ("stats", StatsCommand.Create),
        ("top", TopCommand.Create),
        ("health", HealthCommand.Create),
        ("audit", AuditCommand.Create),
        ("replay", ReplayCommand.Create),
        ("verify-result", VerifyResultCommand.Create),
        ("push", PushCommand.Create),
        ("pull", PullCommand.Create),
        ("ls", ListCommand.Create),
        ("cat", CatCommand.Create),
        ("du", UseCommand.Create),
        ("diff", DiffCommand.Create),
        ("sync", SyncCommand.Create),
        ("fetch", FetchCommand.Create),
        ("run", RunCommand.Create),
        ("exec", ExecCommand.Create),
        ("check-determinism", DeterminismCommand.Create),
        ("deploy", DeployCommand.Create),
        ("rollback", RollbackCommand.Create),
        ("releases", ReleasesCommand.Create),
        ("refs", RefsCommand.Create),
        ("gc", GcCommand.Create),
        ("pypi", PypiCommand.Create),
        ("image", ImageCommand.Create),
        ("token", TokenCommand.Create),
        ("user", UserCommand.Create),
        ("config", ConfigCommand.Create),
        ("doctor", DoctorCommand.Create),
        ("login", LoginCommand.Create),
        ("logout", LogoutCommand.Create),
        ("profile", ProfileCommand.Create),
        ("settings", SettingsCommand.Create),
        ("conform", ConformCommand.Create),
        ("bench", BenchCommand.Create),
        ("completion", CompletionCommand.Create),
    ];

    /// <summary>Runs a command line to its end; never throws what a user can cause.</summary>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal)
    {
        RootCommand root = Create(terminal, arguments.FirstOrDefault());
        ParseResult result = root.Parse(arguments);
        bool isQuestion = result.Action is HelpWithExamples || result.Tokens.Any(token => token.Type == TokenType.Directive); // of a shell that completes a line
        if (result.Errors.Count > 0 && !isQuestion)
        {
            terminal.WriteError($"{Explain(result)} (see {NameOf(result.CommandResult)} --help)");
            return CodeOf(result, ExitCode.Usage);
        }

        try
        {
            var invocation = new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // the commands drain on signals themselves
            };
            return await result.InvokeAsync(invocation);
        }
        catch (ConfigException exception)
        {
            foreach (ConfigProblem problem in exception.Problems)
                terminal.WriteError(problem.ToString());
            return CodeOf(result, ExitCode.Usage);
        }
        catch (UsageException exception)
        {
            terminal.WriteError($"{exception.Message} (see {NameOf(result.CommandResult)} --help)");
            return CodeOf(result, ExitCode.Usage);
        }
        catch (StartupException exception)
        {
            terminal.WriteError(exception.Message);
            return CodeOf(result, ExitCode.Failed);
        }
    }

    // Who passes on the exit code of a command says by a code of its own that there is none.
    private static int CodeOf(ParseResult result, int code) => result.CommandResult.Command.Name is "run" or "exec" ? ExitCode.NotRun : code;

    // Of all commands only the one that is called is made, where one is: making the others takes longer than some of them run.
    private static RootCommand Create(Terminal terminal, string? first)
    {
        var root = new RootCommand("A build cache and remote execution server for Bazel, Pants, Buck2 and everything else that speaks the Remote Execution API.");
        bool isKnown = commands.Any(command => command.Name == first);
        foreach ((string name, Func<Terminal, Command> create) in commands)
        {
            if (!isKnown || name == first)
                root.Add(create(terminal));
        }

        foreach (Command command in isKnown ? [] : SettingsCommand.CreateShort(terminal))
            root.Add(command);
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, new Dictionary<string, string>
        {
            ["serve"] = ServeCommand.Examples,
            ["worker"] = WorkerCommand.Examples,
            ["queue"] = QueueCommand.Examples,
            ["workers"] = WorkersCommand.Examples,
            ["operations"] = OperationsCommand.Examples,
            ["builds"] = BuildsCommand.Examples,
            ["explain"] = ExplainCommand.Examples,
            ["stats"] = StatsCommand.Examples,
            ["top"] = TopCommand.Examples,
            ["health"] = HealthCommand.Examples,
            ["audit"] = AuditCommand.Examples,
            ["replay"] = ReplayCommand.Examples,
            ["verify-result"] = VerifyResultCommand.Examples,
            ["push"] = PushCommand.Examples,
            ["pull"] = PullCommand.Examples,
            ["ls"] = ListCommand.Examples,
            ["cat"] = CatCommand.Examples,
            ["du"] = UseCommand.Examples,
            ["diff"] = DiffCommand.Examples,
            ["sync"] = SyncCommand.Examples,
            ["fetch"] = FetchCommand.Examples,
            ["run"] = RunCommand.Examples,
            ["exec"] = ExecCommand.Examples,
            ["check-determinism"] = DeterminismCommand.Examples,
            ["deploy"] = DeployCommand.Examples,
            ["rollback"] = RollbackCommand.Examples,
            ["releases"] = ReleasesCommand.Examples,
            ["refs"] = RefsCommand.Examples,
            ["gc"] = GcCommand.Examples,
            ["pypi"] = PypiCommand.Examples,
            ["image"] = ImageCommand.Examples,
            ["token"] = TokenCommand.Examples,
            ["user"] = UserCommand.Examples,
            ["doctor"] = DoctorCommand.Examples,
            ["login"] = LoginCommand.Examples,
            ["logout"] = LogoutCommand.Examples,
            ["profile"] = ProfileCommand.Examples,
            ["settings"] = SettingsCommand.Examples,
            ["conform"] = ConformCommand.Examples,
            ["bench"] = BenchCommand.Examples,
            ["completion"] = CompletionCommand.Examples,
        });
        return root;
    }

    private static string Explain(ParseResult result)
    {
        IList<Command> commands = result.CommandResult.Command.Subcommands;
        if (commands.Count == 0)
            return result.Errors[0].Message.TrimEnd('.');
        string known = string.Join(", ", commands.Where(command => !command.Hidden).Select(command => command.Name));
        return result.UnmatchedTokens is [string unknown, ..] ? $"there is no command '{unknown}': {known}" : $"write a command: {known}";
    }

    private static string NameOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{NameOf(parent)} {command.Command.Name}" : "remoteexec";
}
