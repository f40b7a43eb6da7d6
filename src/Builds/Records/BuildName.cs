using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RemoteExec.Builds.Records;

/// <summary>What makes a build the same on every server: who names one, names it within an instance. Clients that name none have one for each tool and hour.</summary>
/// <param name="Instance">The instance.</param>
/// <param name="Invocation">What the build calls itself; empty if it has no name.</param>
/// <param name="Tool">The tool of a build without a name; empty for others, which are known by their names alone.</param>
/// <param name="Hour">The hour of a build without a name, since 1970; 0 for others.</param>
internal readonly record struct BuildName(string Instance, string Invocation, string Tool, long Hour)
{
    /// <summary>The number under which it is kept.</summary>
    public long ToKey()
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{Instance}\0{Invocation}\0{Tool}\0{Hour}");
        return BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
