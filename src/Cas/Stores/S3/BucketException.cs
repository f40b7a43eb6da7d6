using System.Net;
using Amazon.S3;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>Why a request to the bucket failed, in a line; the reason in a <see cref="StoreUnavailableException"/>.</summary>
internal sealed class BucketException(Exception cause) : Exception(Describe(cause), cause)
{
    /// <summary>True if the service says that the object is not there; the bucket is.</summary>
    public bool IsAbsence => InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.NotFound } absent && absent.ErrorCode != "NoSuchBucket";

    /// <summary>True if the service says that a condition of the request is not met.</summary>
    public bool IsConditionFailed => InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict };

    private static string Describe(Exception cause)
    {
        string message = cause.Message.Trim();
        if (message.StartsWith("Failed to resolve AWS credentials", StringComparison.Ordinal)) // and a page about where it was looked
            return "no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a profile or a role";
        return cause is AmazonS3Exception answer
            ? $"the service answers {answer.ErrorCode} ({(int)answer.StatusCode}){(message.Length == 0 || message == answer.ErrorCode ? "" : $": {message}")}"
            : message.TrimEnd(' ', '.', ':');
    }
}
