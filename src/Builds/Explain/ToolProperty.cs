namespace RemoteExec.Builds.Explain;

/// <summary>The node property by which Bazel marks inputs that are tools of an action, where it is told to (--experimental_remote_mark_tool_inputs).</summary>
internal static class ToolProperty
{
    private const string Name = "bazel_tool_input";

    /// <summary>What marks a tool.</summary>
    public static Reapi.NodeProperties Mark => new() { Properties = { new Reapi.NodeProperty { Name = Name } } };

    /// <summary>True if the properties have it.</summary>
    public static bool IsIn(Reapi.NodeProperties? properties) => properties?.Properties.Any(property => property.Name == Name) == true;
}
