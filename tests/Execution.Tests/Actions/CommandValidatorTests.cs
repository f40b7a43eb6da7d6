using RemoteExec.Execution.Actions;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Actions;

public sealed class CommandValidatorTests
{
    [Fact]
    public void A_plain_command_is_good() => Assert.Null(Check(_ => { }));

    [Fact]
    [Rule("CMD-01")]
    public void A_command_needs_a_program()
    {
        Assert.Contains("arguments", Check(command => command.Arguments.Clear()), StringComparison.Ordinal);
        Assert.Contains("arguments", Check(command => command.Arguments[0] = ""), StringComparison.Ordinal);
        Assert.Contains("NUL", Check(command => command.Arguments.Add("a\0b")), StringComparison.Ordinal);
    }

    [Fact]
    [Rule("CMD-01")]
    public void An_empty_argument_after_the_program_is_good() => Assert.Null(Check(command => command.Arguments.Add("")));

    [Theory]
    [Rule("CMD-02")]
    [InlineData("", "x")]
    [InlineData("A=B", "x")]
    [InlineData("A\0", "x")]
    [InlineData("A", "x\0")]
    public void A_variable_that_can_not_be_set_is_refused(string name, string value) =>
        Assert.Contains("environment_variables", Check(command => Add(command, name, value)), StringComparison.Ordinal);

    [Fact]
    [Rule("CMD-02")]
    public void Variables_may_come_in_any_order() => Assert.Null(Check(command =>
    {
        Add(command, "B", "1");
        Add(command, "A", "");
    }));

    [Theory]
    [Rule("CMD-04")]
    [InlineData("", "is empty")]
    [InlineData("/abs", "absolute")]
    [InlineData("dir/", "ends in a slash")]
    [InlineData("a//b", "empty segment")]
    [InlineData("..", "leads out")]
    [InlineData("a/../../b", "leads out")]
    [InlineData("a\0", "NUL")]
    public void A_bad_output_path_is_refused(string path, string expected) =>
        Assert.Contains(expected, Check(command => command.OutputPaths.Add(path)), StringComparison.Ordinal);

    [Fact]
    [Rule("CMD-04")]
    public void Output_paths_may_climb_as_far_as_the_input_root()
    {
        Assert.Null(Check(command =>
        {
            command.WorkingDirectory = "a/b";
            command.OutputPaths.Add("../../out");
        }));
        Assert.NotNull(Check(command =>
        {
            command.WorkingDirectory = "a/./b";
            command.OutputPaths.Add("../../../out");
        }));
    }

    [Fact]
    [Rule("CMD-04")]
    public void Output_paths_may_come_in_any_order_but_only_once()
    {
        Assert.Null(Check(command => command.OutputPaths.Add(["z", "a"])));
        Assert.Contains("'z' is there twice", Check(command => command.OutputPaths.Add(["z", "a", "z"])), StringComparison.Ordinal);
    }

#pragma warning disable CS0612 // the deprecated fields are what is tested
    [Fact]
    [Rule("CMD-03")]
    [Rule("Q-16")]
    public void With_output_paths_the_older_fields_are_not_looked_at() => Assert.Null(Check(command =>
    {
        command.OutputPaths.Add("out");
        command.OutputFiles.Add(["/bad", "/bad"]);
        command.OutputDirectories.Add("/bad");
    }));

    [Fact]
    [Rule("CMD-04")]
    public void An_output_directory_may_be_the_whole_working_directory() => Assert.Null(Check(command => command.OutputDirectories.Add("")));

    [Theory]
    [Rule("CMD-05")]
    [InlineData("a a", "", "twice")]
    [InlineData("a a/b", "", "parent")]
    [InlineData("a", "a", "output_directories")]
    [InlineData("a", "a/b", "parent")]
    [InlineData("a/", "", "slash")]
    [InlineData("a", "/b", "absolute")]
    public void Overlapping_or_bad_legacy_outputs_are_refused(string files, string directories, string expected) =>
        Assert.Contains(expected, Check(command => AddLegacy(command, files, directories)), StringComparison.Ordinal);

    [Fact]
    [Rule("CMD-05")]
    public void An_output_directory_may_hold_other_outputs() => Assert.Null(Check(command => AddLegacy(command, "a/b a/c", "a a/d")));

    private static void AddLegacy(Reapi.Command command, string files, string directories)
    {
        command.OutputFiles.Add(files.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        command.OutputDirectories.Add(directories.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }
#pragma warning restore CS0612

    [Theory]
    [Rule("CMD-07")]
    [Rule("Q-51")]
    [InlineData("", true)]
    [InlineData(".", true)]
    [InlineData("not/in/the/inputs", true)]
    [InlineData("/abs", false)]
    [InlineData("a/../..", false)]
    [InlineData("a/", false)]
    public void The_working_directory_is_inside_the_input_root(string directory, bool good) =>
        Assert.Equal(good, Check(command => command.WorkingDirectory = directory) is null);

    [Fact]
    [Rule("CMD-08")]
    public void Unknown_node_properties_are_refused()
    {
        Assert.Contains("'color'", Check(command => command.OutputNodeProperties.Add("color")), StringComparison.Ordinal);
        Assert.Null(Check(command => command.OutputNodeProperties.Add("mtime")));
    }

    [Fact]
    [Rule("CMD-09")]
    public void An_unknown_output_directory_format_is_let_through() =>
        Assert.Null(Check(command => command.OutputDirectoryFormat = (Reapi.Command.Types.OutputDirectoryFormat)77));

    private static void Add(Reapi.Command command, string name, string value) =>
        command.EnvironmentVariables.Add(new Reapi.Command.Types.EnvironmentVariable { Name = name, Value = value });

    private static string? Check(Action<Reapi.Command> change)
    {
        var command = new Reapi.Command { Arguments = { "true" } };
        change(command);
        return CommandValidator.FindProblem(command, ["mtime"]);
    }
}
