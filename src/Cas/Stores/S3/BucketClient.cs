using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>Makes clients that get along with AWS and with the services that speak like it.</summary>
internal static class BucketClient
{
    /// <summary>A client with the settings of a store.</summary>
    public static AmazonS3Client Create(S3StoreOptions options)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.PathStyle,
            AuthenticationRegion = options.Region,

            // The client's own checksums are trailers that the RADOS gateway refuses, and others as well. Packs have checksums of ours.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            MaxErrorRetry = 1,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            Timeout = Timeout.InfiniteTimeSpan, // each request has a limit that fits it
        };
        if (options.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.AbsoluteUri;
            config.UseHttp = endpoint.Scheme == Uri.UriSchemeHttp;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }

        return options.Credentials is { } credentials ? new AmazonS3Client(credentials, config) : new AmazonS3Client(config);
    }
}
