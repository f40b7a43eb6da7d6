using Google.Protobuf;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores;

/// <summary>A small blob that is to be written at another server, together with others.</summary>
/// <param name="Digest">The blob, as it is called here.</param>
/// <param name="Content">Its content; a copy, as others may be sending it when its writer has gone.</param>
internal readonly record struct SmallWrite(Digest Digest, ByteString Content);
