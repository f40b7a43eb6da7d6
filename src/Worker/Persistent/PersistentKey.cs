using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Persistent;

/// <summary>What actions have to have in common to share a process: everything that it is started with.</summary>
internal static class PersistentKey
{
    /// <summary>The key of an action.</summary>
    /// <param name="lease">The action.</param>
    /// <param name="platform">What it asks of the sandbox, the client's own key among it.</param>
    /// <param name="inputs">Its inputs, of which the tool counts.</param>
    /// <param name="arguments">What the process is started with.</param>
    /// <param name="environment">Its environment.</param>
    /// <param name="memoryBytes">How much memory it may have.</param>
    public static string Of(
        ActionLease lease, ActionPlatform platform, StagedInputs inputs, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, long memoryBytes)
    {
        var text = new StringBuilder();
        Add(platform.PersistentKey, platform.IsPersistentJson ? "json" : "proto", platform.Network ? "on" : "off", platform.RootFileSystem?.ToString());
        Add(lease.ActionDigest.Instance.ToString(), lease.ActionDigest.Function.ToString(), inputs.Tools, memoryBytes.ToString(CultureInfo.InvariantCulture));
        Add([.. arguments]);
        foreach ((string name, string value) in environment.OrderBy(variable => variable.Key, StringComparer.Ordinal))
            Add(name, value);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));

        // No value can look like the border between two.
        void Add(params string?[] values)
        {
            foreach (string? value in values)
                text.Append(CultureInfo.InvariantCulture, $"{value?.Length ?? -1}:{value}");
        }
    }
}
