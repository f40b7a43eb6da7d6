using System.Net.Security;
using System.Security.Cryptography;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Auth;

/// <summary>The authorities that are trusted instead of those of the system.</summary>
internal static class TrustedRoots
{
    /// <summary>Those in a PEM file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="setting">The setting that names it.</param>
    /// <exception cref="StartupException">It can't be used.</exception>
    public static SslClientAuthenticationOptions In(string file, string setting)
    {
        try
        {
            return RpcTrust.InPemFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StartupException($"{file}: {(exception is CryptographicException ? exception.Message.TrimEnd('.') : IoReason.OfReading(file, exception))} (setting {setting})", exception);
        }
    }
}
