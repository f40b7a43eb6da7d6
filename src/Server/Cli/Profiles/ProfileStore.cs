using System.Text;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Profiles;

/// <summary>
/// The profiles of a user: <c>profiles.yaml</c> in a directory, and beside it a file with the token of each profile that has one. Nobody else can read them. A change
/// is there as a whole or not at all.
/// </summary>
/// <param name="directory">The directory.</param>
internal sealed class ProfileStore(string directory)
{
    /// <summary>The variable with the name of the profile to use.</summary>
    public const string Variable = "REMOTEEXEC_PROFILE";

    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnersDirectory = OwnersFile | UnixFileMode.UserExecute;

    /// <summary>The file.</summary>
    public string Path { get; } = System.IO.Path.Combine(directory, "profiles.yaml");

    /// <summary>That of the user: in <c>$XDG_CONFIG_HOME/remoteexec</c>, or <c>~/.config/remoteexec</c>.</summary>
    public static ProfileStore OfUser()
    {
        string config = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } named
            ? named
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".config");
        return new ProfileStore(System.IO.Path.Combine(config, "remoteexec"));
    }

    /// <summary>What is in it; nothing if there is no such file.</summary>
    /// <exception cref="ConfigException">It can't be read, or something is wrong with it.</exception>
    public ProfilesOptions Read()
    {
        string text;
        try
        {
            if (!File.Exists(Path))
                return new ProfilesOptions();
            text = File.ReadAllText(Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException([new ConfigProblem(new ConfigOrigin(Path), "", $"can't be read: {IoReason.OfReading(Path, exception)}")]);
        }

        List<ConfigProblem> problems = [];
        ConfigNode? root = YamlReader.Read(text, (line, column) => new ConfigOrigin(Path, line, column), problems);
        var binder = new OptionBinder();
        ProfilesOptions profiles = binder.BindSection<ProfilesOptions>(root);
        return problems.Count + binder.Problems.Count == 0 ? profiles : throw new ConfigException(problems.Count > 0 ? problems : binder.Problems);
    }

    /// <summary>The names of the profiles; none if the file is wrong, which whoever completes a line is not told.</summary>
    public IEnumerable<string> Names()
    {
        try
        {
            return Read().Profiles.Keys;
        }
        catch (ConfigException)
        {
            return [];
        }
    }

    /// <summary>Keeps a profile, in place of what it was before, and makes it the one that is used.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="profile">What it says.</param>
    /// <param name="token">The token to keep for it in a file of its own; null to leave the profile's as it is.</param>
    /// <exception cref="StartupException">It can't be written.</exception>
    public void Keep(string name, ProfileOptions profile, string? token) => Change(profiles =>
    {
        if (token is not null)
        {
            profile = profile with { TokenFile = TokenPathOf(name) };
            Replace(profile.TokenFile, token + "\n");
        }

        return profiles with { Current = name, Profiles = new Dictionary<string, ProfileOptions>(profiles.Profiles) { [name] = profile } };
    });

    /// <summary>Makes a profile the one that is used; null for none.</summary>
    /// <exception cref="StartupException">It can't be written.</exception>
    public void Use(string? name) => Change(profiles => profiles with { Current = name });

    /// <summary>Drops a profile, with the token that was kept for it.</summary>
    /// <exception cref="StartupException">It can't be written.</exception>
    public void Drop(string name) => Change(profiles =>
    {
        File.Delete(TokenPathOf(name));
        var left = profiles.Profiles.Where(profile => profile.Key != name).ToDictionary();
        return new ProfilesOptions { Current = profiles.Current == name ? null : profiles.Current, Profiles = left };
    });

    private string TokenPathOf(string name) => System.IO.Path.Combine(directory, "tokens", name);

    private void Change(Func<ProfilesOptions, ProfilesOptions> change)
    {
        try
        {
            MakeDirectory(directory);
            MakeDirectory(System.IO.Path.Combine(directory, "tokens"));
            using FileStream alone = OpenOwners(System.IO.Path.Combine(directory, ".lock"), FileMode.OpenOrCreate); // two logins at once must not lose one
            Replace(Path, Format(change(Read())));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{Path} can't be written: {IoReason.Of(exception)}", exception);
        }
    }

    private static void MakeDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnersDirectory);
    }

    private static void Replace(string path, string text)
    {
        string fresh = path + ".new";
        File.Delete(fresh); // left by who was killed, with what mode is not known
        using (FileStream file = OpenOwners(fresh, FileMode.CreateNew))
            file.Write(Encoding.UTF8.GetBytes(text));
        File.Move(fresh, path, overwrite: true);
    }

    private static FileStream OpenOwners(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnersFile;
        return new FileStream(path, options);
    }

    private static string Format(ProfilesOptions profiles)
    {
        var text = new StringBuilder("# Written by remoteexec login; may be edited.\n");
        if (profiles.Current is not null)
            text.Append("current: ").Append(Quoted(profiles.Current)).Append('\n');
        if (profiles.Profiles.Count > 0)
            text.Append("profiles:\n");
        foreach ((string name, ProfileOptions profile) in profiles.Profiles.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            text.Append("  ").Append(Quoted(name)).Append(":\n");
            text.Append("    servers: [").AppendJoin(", ", profile.Servers.Select(Quoted)).Append("]\n");
            Add("http", profile.Http);
            Add("instance", profile.Instance);
            Add("ca", profile.Ca);
            Add("certificate", profile.Certificate);
            Add("key", profile.Key);
            Add("tokenFile", profile.TokenFile);
            Add("header", profile.Header);
        }

        return text.ToString();

        void Add(string key, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                text.Append("    ").Append(key).Append(": ").Append(Quoted(value)).Append('\n');
        }
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
