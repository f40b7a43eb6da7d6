namespace RemoteExec.Server;

/// <summary>The command line.</summary>
internal static class Program
{
    private static int Main() => 0;
}
