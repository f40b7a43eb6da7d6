using Google.Protobuf.Reflection;

namespace RemoteExec.Execution.Services;

/// <summary>A path of the <see cref="OperatorEndpoints"/>.</summary>
/// <param name="Summary">What it answers or does.</param>
/// <param name="Method">GET or POST.</param>
/// <param name="Path">What stands behind <c>/api/v1/</c>; <c>{name}</c> is the name of an operation, with its slashes.</param>
/// <param name="Parameters">The fields of the request that are parameters of the query.</param>
/// <param name="Request">The request; the body of a POST.</param>
/// <param name="Answer">The answer.</param>
public sealed record OperatorPath(string Summary, string Method, string Path, IReadOnlyList<string> Parameters, MessageDescriptor Request, MessageDescriptor Answer);
