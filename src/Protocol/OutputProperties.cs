namespace RemoteExec.Protocol;

/// <summary>The platform properties by which an action bounds what it writes. They mean nothing to the choice of a worker.</summary>
public static class OutputProperties
{
    /// <summary>The most bytes that its outputs may have together: a number, or with a unit, as 512MiB or 2g.</summary>
    public const string MaxBytes = "max-output-bytes";

    /// <summary>The most files, directories and symlinks that its outputs may have together: a number.</summary>
    public const string MaxFiles = "max-output-files";

    /// <summary>The most that it may take of the disk while it runs: a number of bytes, or with a unit.</summary>
    public const string MaxDisk = "max-disk-bytes";

    /// <summary>True if a property is one of these.</summary>
    public static bool Has(string name) => name is MaxBytes or MaxFiles or MaxDisk;

    /// <summary>Reads the value of one of these; false if it is none.</summary>
    public static bool TryParse(string text, out long value) => Quantity.TryParse(text, out value) && value >= 0;
}
