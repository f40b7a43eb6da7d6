using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Provenance;

/// <summary>
/// All that a result says of what came of an action, as a hash: <c>protos/remoteexec/provenance.proto</c> has what is hashed. It covers fields and not bytes: content that was inlined on the way, or moved into
/// the CAS, changes nothing. What the result says of its execution is not in it, but in the statement.
/// </summary>
internal sealed class ResultFields : IDisposable
{
    private const string Format = "remoteexec result 1";
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Digest action;

    private ResultFields(Digest action) => this.action = action;

    /// <summary>The hash of a result's fields.</summary>
    /// <param name="result">The result.</param>
    /// <param name="action">Its action, of whose function digests are.</param>
    public static byte[] HashOf(Reapi.ActionResult result, Digest action)
    {
        using var fields = new ResultFields(action);
        fields.Add(result);
        return fields.hash.GetHashAndReset();
    }

    /// <inheritdoc/>
    public void Dispose() => hash.Dispose();

    private void Add(Reapi.ActionResult result)
    {
        Add(Format);
        Add(result.ExitCode);
        Add(result.StdoutDigest, result.StdoutRaw);
        Add(result.StderrDigest, result.StderrRaw);
        Add(result.OutputFiles.Count);
        foreach (Reapi.OutputFile file in result.OutputFiles)
        {
            Add(file.Path);
            Add(file.Digest, file.Contents);
            Add(file.IsExecutable ? "x" : "");
            Add(file.NodeProperties);
        }

#pragma warning disable CS0612 // deprecated, and still told
        foreach (IReadOnlyList<Reapi.OutputSymlink> links in (IReadOnlyList<Reapi.OutputSymlink>[])[result.OutputSymlinks, result.OutputFileSymlinks, result.OutputDirectorySymlinks])
            Add(links);
#pragma warning restore CS0612
        Add(result.OutputDirectories.Count);
        foreach (Reapi.OutputDirectory directory in result.OutputDirectories)
        {
            Add(directory.Path);
            Add(directory.TreeDigest, ByteString.Empty);
            Add(directory.RootDirectoryDigest, ByteString.Empty);
            Add(directory.IsTopologicallySorted ? "t" : "");
        }
    }

    private void Add(IReadOnlyList<Reapi.OutputSymlink> links)
    {
        Add(links.Count);
        foreach (Reapi.OutputSymlink link in links)
        {
            Add(link.Path);
            Add(link.Target);
            Add(link.NodeProperties);
        }
    }

    private void Add(Reapi.NodeProperties? properties)
    {
        Add(properties is null ? "" : "p");
        if (properties is null)
            return;
        Add(properties.Properties.Count);
        foreach (Reapi.NodeProperty property in properties.Properties)
        {
            Add(property.Name);
            Add(property.Value);
        }

        Add(properties.Mtime is { } time ? string.Create(CultureInfo.InvariantCulture, $"{time.Seconds}.{time.Nanos}") : "");
        Add(properties.UnixMode is { } mode ? mode.ToString(CultureInfo.InvariantCulture) : "");
    }

    private void Add(Reapi.Digest? digest, ByteString content)
    {
        digest ??= content.IsEmpty ? null : action.SiblingOf(content.Span).ToProto();
        Add(digest is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{digest.Hash}/{digest.SizeBytes}"));
    }

    private void Add(int number) => Add(number.ToString(CultureInfo.InvariantCulture));

    private void Add(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{bytes.Length}:")));
        hash.AppendData(bytes);
        hash.AppendData(","u8);
    }
}
