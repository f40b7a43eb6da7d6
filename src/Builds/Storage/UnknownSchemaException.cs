namespace RemoteExec.Builds.Storage;

/// <summary>The file was written by a later version.</summary>
internal sealed class UnknownSchemaException(string schema, int version, int known)
    : Exception($"The tables of '{schema}' have version {version}; this program knows them up to version {known}.");
