using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace RemoteExec.Server.Auth.Users;

/// <summary>
/// Knows callers by names and passwords of HTTP basic. To compare a password is made to take long; what was found good is remembered for some minutes, by a hash with a key that nobody else has. One password is
/// compared at a time, and few wait for each user, and for all together whom nobody knows: so trying passwords takes no more than one core, and keeps nobody out but him whose password is tried.
/// </summary>
internal sealed class UserAuthenticator : IAuthenticator, IDisposable
{
    private const string Setting = "auth.basic.file";
    private const int MostTries = 4;
    private const int MostRemembered = 10_000;
    private static readonly TimeSpan memory = TimeSpan.FromMinutes(5);
    private readonly WatchedFile<UserTable> file;
    private readonly TimeProvider time;
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, (KnownUser User, DateTimeOffset Until)> remembered = new(StringComparer.Ordinal);
    private readonly KnownUser nobody = KnownUser.NewNobody();
    private readonly SemaphoreSlim comparing = new(1);

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="roles">The roles that users may have.</param>
    /// <param name="logger">Told of changes that could not be taken.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">It can't be read, or makes no sense.</exception>
    public UserAuthenticator(string path, Roles roles, ILogger logger, TimeProvider time)
    {
        this.time = time;
        try
        {
            file = new WatchedFile<UserTable>(path, text => UserTable.Parse(text, roles), logger, time);
        }
        catch (StartupException exception)
        {
            throw new StartupException($"{exception.Message} (setting {Setting}; 'remoteexec user set' makes the file)", exception);
        }
    }

    /// <inheritdoc/>
    public string Kind => "a name and a password (Authorization: Basic)";

    /// <inheritdoc/>
    public ValueTask<Authentication> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        if (!credentials.TryGetBasic(out string? name, out string? password))
            return ValueTask.FromResult(Authentication.NotMine);
        KnownUser user = file.Value.Find(name) ?? nobody; // another one when the file has changed: then nothing is remembered of him
        string shown = Convert.ToHexString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(credentials.Authorization!)));
        if (remembered.TryGetValue(shown, out (KnownUser User, DateTimeOffset Until) before) && ReferenceEquals(before.User, user) && time.GetUtcNow() < before.Until)
            return ValueTask.FromResult(user.Answer());
        return CompareAsync(user, password, shown, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => comparing.Dispose();

    private async ValueTask<Authentication> CompareAsync(KnownUser user, string password, string shown, CancellationToken cancellationToken)
    {
        if (!user.TryBegin(MostTries))
            return Authentication.Refused("too many passwords are tried at a time: try again in some seconds");
        try
        {
            await comparing.WaitAsync(cancellationToken);
            bool fits;
            try
            {
                fits = await Task.Run(() => user.Fits(password), cancellationToken);
            }
            finally
            {
                comparing.Release();
            }

            if (!fits)
                return Authentication.Refused("the name or the password is wrong");
        }
        finally
        {
            user.End();
        }

        if (remembered.Count >= MostRemembered)
            remembered.Clear();
        remembered[shown] = (user, time.GetUtcNow() + memory);
        return user.Answer();
    }
}
