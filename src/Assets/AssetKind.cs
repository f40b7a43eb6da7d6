namespace RemoteExec.Assets;

/// <summary>What an asset is. The same URI may name one of each, which have nothing to do with each other (PSH-07).</summary>
public enum AssetKind
{
    /// <summary>A blob.</summary>
    Blob,

    /// <summary>A directory.</summary>
    Directory,
}
