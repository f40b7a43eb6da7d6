namespace RemoteExec.Cas.Stores.S3;

/// <summary>What a listing says of an object.</summary>
/// <param name="Key">Its key, without the store's prefix.</param>
/// <param name="Length">Its length in bytes.</param>
internal readonly record struct BucketObject(string Key, long Length);
