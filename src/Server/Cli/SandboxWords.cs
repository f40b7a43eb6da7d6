namespace RemoteExec.Server.Cli;

/// <summary>What the tiers of sandbox are, in a sentence.</summary>
internal static class SandboxWords
{
    /// <summary>The sentence for a tier.</summary>
    public static string Of(string tier) => tier switch
    {
        "directory" => "Each action has a directory of its own, but sees the machine's files, processes and network.",
        "namespaces" => "Each action sees its inputs, the machine's tools and itself: no other file, process or network. Its inputs are laid out anew each time.",
        "cached-trees" => "Each action sees its inputs, the machine's tools and itself: no other file, process or network. Its inputs are mounted, which costs the same for one file and for fifty thousand.",
        _ => "",
    };
}
