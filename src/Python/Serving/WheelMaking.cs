using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Upstream;
using RemoteExec.Python.Wheels;

namespace RemoteExec.Python.Serving;

/// <summary>Makes wheels of directories when somebody wants them: once for all who do, into the CAS, where they stay as long as they are used. Thread-safe.</summary>
/// <param name="cas">Where they go, and their files are.</param>
/// <param name="instance">The instance that they are in.</param>
internal sealed class WheelMaking(IBlobStore cas, InstanceName instance) : IAsyncDisposable
{
    private readonly Flights<bool> making = new();

    /// <summary>The wheel, which is in the CAS then; null if it can't be made any more, as something of it is lost.</summary>
    /// <exception cref="PythonIndexException">What it is made by is not that of a wheel.</exception>
    /// <exception cref="CasException">The CAS fails, or what is made is another wheel.</exception>
    public async Task<Digest?> FindAsync(IndexedProject project, FileRecord record, CancellationToken cancellationToken)
    {
        Digest wheel = Digest.Create(instance, DigestFunction.Sha256, Convert.FromHexString(record.Sha256), record.Size);
        return await cas.ContainsAsync(wheel, cancellationToken) || await making.JoinAsync(record.Sha256, stop => MakeAsync(project, record, wheel, stop), cancellationToken) ? wheel : null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => making.DisposeAsync();

    private async Task<bool> MakeAsync(IndexedProject project, FileRecord record, Digest wheel, CancellationToken cancellationToken)
    {
        try
        {
            if (await cas.ReadAllAsync(project.ContentOf(record.Name + IndexedProject.LayoutSuffix)!.Value, WheelLayout.MaxBytes, cancellationToken) is not { } content)
                return false;
            var layout = WheelLayout.Decode(content);
            if (layout.WheelBytes != wheel.SizeBytes)
                throw new InvalidDataException($"it is of {layout.WheelBytes} bytes");
            await using BlobWriter writer = await cas.OpenWriteAsync(wheel, wheel.SizeBytes, cancellationToken);
            if (!await layout.WriteAsync(cas, instance, new BlobWriterStream(writer), cancellationToken))
                return false;
            await writer.CommitAsync(cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is InvalidDataException or BlobTooLargeException)
        {
            throw new PythonIndexException($"{record.Name} can't be made: {exception.Message}", exception);
        }
    }
}
