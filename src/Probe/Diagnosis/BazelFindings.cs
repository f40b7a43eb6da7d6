using System.Globalization;
using System.Text.RegularExpressions;

namespace RemoteExec.Probe.Diagnosis;

/// <summary>Settings of a Bazel workspace that are known to hurt with a remote cache.</summary>
public static partial class BazelFindings
{
    private const int ShortestTimeout = 60;
    private const int LongestLease = 3 * 60 * 60;

    /// <summary>What a <c>.bazelrc</c> has that hurts; nothing if it has none of it.</summary>
    /// <param name="text">The file.</param>
    /// <param name="introduction">What the server offers; null if that is not known.</param>
    public static IEnumerable<Finding> Of(string text, Introduction? introduction)
    {
        string[] flags = [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').SelectMany(line => Word().Matches(line).Select(word => word.Value.Replace("\"", "", StringComparison.Ordinal)))];
        bool isRemote = flags.Any(flag => Remote().IsMatch(flag));
        foreach (string flag in flags)
        {
            if (OfFlag(flag, introduction) is { } finding)
                yield return finding;
        }

        if (isRemote && introduction is { Caches: true, TakesResults: false } && !flags.Any(flag => NoUpload().IsMatch(flag)))
            yield return new Finding(".bazelrc", FindingLevel.Failure, "results are uploaded, which this caller may not", "add build --noremote_upload_local_results");
        if (isRemote && !flags.Any(flag => flag.StartsWith("--incompatible_strict_action_env", StringComparison.Ordinal)))
            yield return new Finding(".bazelrc", FindingLevel.Warning, "before Bazel 8 the PATH of each machine is part of its actions: one machine's results are none of another's", "add build --incompatible_strict_action_env");
    }

    private static Finding? OfFlag(string flag, Introduction? introduction)
    {
        if (Seconds(flag, "--remote_timeout=") is { } timeout && timeout < ShortestTimeout)
            return Hurts(flag, "large blobs and long actions take more", "leave it out, or write 600");
        if (Seconds(flag, "--experimental_remote_cache_ttl=") is { } lease && lease > LongestLease)
            return Hurts(flag, "blobs of a build are kept for three hours by default, not longer", "leave it out");
        if (flag == "--remote_retries=0")
            return Hurts(flag, "a server that restarts ends the build", "leave it out, or write 5");
        if (flag is "--noremote_accept_cached" or "--remote_accept_cached=false" or "--remote_accept_cached=0")
            return Hurts(flag, "nothing comes out of the cache", "leave it out");
        if (flag is "--remote_local_fallback" or "--remote_local_fallback=true")
            return Hurts(flag, "failures of the server show as slow builds only", "leave it out, unless that is what you want");
        if (flag is "--stamp" or "--stamp=true")
            return Hurts(flag, "stamped actions miss with each commit", "stamp releases only, in a --config of theirs");
        if (flag is "--action_env=PATH" or "--test_env=PATH" or "--action_env=HOME")
            return Hurts(flag, "what differs between machines becomes part of every action", "write a fixed value: --action_env=PATH=/usr/bin:/bin");
        if (flag.StartsWith("--remote_header=", StringComparison.Ordinal) && flag.Contains("authorization", StringComparison.OrdinalIgnoreCase))
            return new Finding(".bazelrc", FindingLevel.Warning, "a token stands in it", "keep it in a file of your own that is named by try-import, or use a credential helper (Bazel 7)");
        if (flag.StartsWith("--remote_executor=", StringComparison.Ordinal) && introduction is { Capabilities: not null, Executes: false })
            return new Finding(".bazelrc", FindingLevel.Failure, "--remote_executor is set, but execution is not offered to this caller", "write --remote_cache instead");
        return Compression().IsMatch(flag) && introduction is { Caches: true, Compresses: false }
            ? new Finding(".bazelrc", FindingLevel.Failure, $"{flag} is set, but the server does not compress", "leave it out")
            : null;
    }

    private static Finding Hurts(string flag, string why, string fix) => new(".bazelrc", FindingLevel.Warning, $"{flag}: {why}", fix);

    private static int? Seconds(string flag, string name)
    {
        if (!flag.StartsWith(name, StringComparison.Ordinal) || Time().Match(flag[name.Length..]) is not { Success: true } match)
            return null;
        int unit = match.Groups["unit"].Value switch { "d" => 24 * 60 * 60, "h" => 60 * 60, "m" => 60, _ => 1 };
        return int.TryParse(match.Groups["number"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < int.MaxValue / unit ? number * unit : null;
    }

    [GeneratedRegex("""(?:[^\s"]|"[^"]*")+""")]
    private static partial Regex Word();

    [GeneratedRegex("^--remote_(?:cache|executor)=.")]
    private static partial Regex Remote();

    [GeneratedRegex("^--(?:noremote_upload_local_results|remote_upload_local_results=(?:false|0|no))$")]
    private static partial Regex NoUpload();

    [GeneratedRegex("^--(?:experimental_)?remote_cache_compression(?:=(?:true|1|yes))?$")]
    private static partial Regex Compression();

    [GeneratedRegex("^(?<number>[0-9]+)(?<unit>[smhd]?)$")]
    private static partial Regex Time();
}
