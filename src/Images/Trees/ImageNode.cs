using RemoteExec.Protocol;

namespace RemoteExec.Images.Trees;

/// <summary>Something in an image that has a name.</summary>
internal abstract class ImageNode
{
    /// <summary>What brought it.</summary>
    public string Origin { get; set; } = "";

    /// <summary>True if another node says the same, wherever it comes from.</summary>
    public abstract bool IsSameAs(ImageNode other);
}

/// <summary>A file.</summary>
internal sealed class ImageFile(Digest digest, bool isExecutable) : ImageNode
{
    /// <summary>Its content.</summary>
    public Digest Digest { get; } = digest;

    /// <summary>Whether it can be executed.</summary>
    public bool IsExecutable { get; } = isExecutable;

    /// <inheritdoc/>
    public override bool IsSameAs(ImageNode other) => other is ImageFile file && file.Digest == Digest && file.IsExecutable == IsExecutable;
}

/// <summary>A symlink.</summary>
internal sealed class ImageSymlink(string target) : ImageNode
{
    /// <summary>What it says.</summary>
    public string Target { get; } = target;

    /// <inheritdoc/>
    public override bool IsSameAs(ImageNode other) => other is ImageSymlink link && link.Target == Target;
}
