using System.CommandLine;
using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Server.Configuration;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Server.Cli.Assets;

/// <summary><c>remoteexec fetch</c>.</summary>
internal static class FetchCommand
{
    private const int Sha256HexLength = 64;

    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec fetch https://example.com/tool-1.0.tar.gz --checksum 9f86…0a08
        remoteexec fetch https://example.com/tool-1.0.tar.gz --unpack --output tool
        remoteexec fetch https://github.com/someone/something --unpack --qualifier vcs.commit=COMMIT
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var uris = new Argument<string[]>("URL") { Arity = ArgumentArity.OneOrMore, Description = "where it is; several are mirrors of each other" };
        var unpack = new Option<bool>("--unpack") { Description = "it is an archive, or a repository of git (qualifiers vcs.commit, vcs.branch), and the directory in it is wanted" };
        var checksum = new Option<string?>("--checksum") { HelpName = "HASH", Description = "what it hashes to: SHA-256 in hexadecimal digits, or sha256-BASE64 (sha384, sha512, blake3)" };
        var header = new Option<string[]>("--header") { HelpName = "NAME=VALUE", Description = "a header to send to the host of the URL; may be repeated" };
        var qualifier = new Option<string[]>("--qualifier") { HelpName = "NAME=VALUE", Description = "what else the Remote Asset API is told of it; may be repeated" };
        var timeout = new Option<string?>("--timeout") { HelpName = "TIME", Description = "how long it may take [default: as long as the server will]" };
        var output = new Option<string?>("--output", "-o") { HelpName = "PATH", Description = "have it there: a file, or with --unpack a directory" };
        var command = new Command("fetch", "Has the server download something into the CAS, once for all, and prints its digest.") { uris, unpack, checksum, header, qualifier, timeout, output };
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            List<KeyValuePair<string, string>> qualifiers = [.. result.GetValue(qualifier)!.Select(text => Read("--qualifier", text))];
            qualifiers.AddRange(result.GetValue(header)!.Select(text => Read("--header", text)).Select(pair => KeyValuePair.Create($"http_header:{pair.Key}", pair.Value)));
            if (result.GetValue(checksum) is { } sum)
                qualifiers.Add(KeyValuePair.Create("checksum.sri", ReadChecksum(sum)));
            TimeSpan? limit = result.GetValue(timeout) is not { } text ? null : Duration.TryParse(text, out TimeSpan time, out string? error) ? time : throw new UsageException($"--timeout {text}: {error}");
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                FetchedAsset fetched = await server.Assets.FetchAsync(result.GetValue(uris)!, qualifiers, result.GetValue(unpack), limit, cancellationToken);
                if (result.GetValue(output) is { } path)
                    await KeepAsync(path, fetched, result.GetValue(unpack), server, terminal, cancellationToken);
                if (flags.WantsJson(result))
                    terminal.WriteLine(JsonSerializer.Serialize(
                        new { fetched.Uri, Digest = $"{fetched.Content.Hash}/{fetched.Content.SizeBytes}", DigestFunction = fetched.Content.Function.Name(), Output = result.GetValue(output) }, TreeFlags.Json));
                else
                    terminal.WriteLine(fetched.Content.ToArgument(), Tone.Strong);
            });
        });
        return command;
    }

    private static async Task KeepAsync(string path, FetchedAsset fetched, bool isDirectory, TreeServer server, Terminal terminal, CancellationToken cancellationToken)
    {
        if (isDirectory)
        {
            await PullCommand.RunAsync(path, fetched.Content, server, new TreePullOptions { State = TreeFlags.State }, terminal, cancellationToken);
            return;
        }

        string unfinished = $"{path}.{Guid.NewGuid():N}";
        try
        {
            await using (FileStream file = File.Create(unfinished))
                await CatCommand.CopyAsync(server.Cas, fetched.Content, file, cancellationToken);
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    private static KeyValuePair<string, string> Read(string flag, string text) => text.Split('=', 2) is [{ Length: > 0 } name, var value]
        ? KeyValuePair.Create(name, value)
        : throw new UsageException($"{flag}: '{text}' is no NAME=VALUE");

    private static string ReadChecksum(string text) => text.Length == Sha256HexLength && text.All(char.IsAsciiHexDigit) ? $"sha256-{Convert.ToBase64String(Convert.FromHexString(text))}" : text;
}
