// Reference text, not run here: no test of this repository compiles or runs this file.
// It is get_session_token_with_mfa.py in C#, for the AWS SDK for .NET
// (packages AWSSDK.SecurityToken and AWSSDK.S3). The endpoint comes from
// AWS_ENDPOINT_URL, credentials from a profile or from the environment.

using System;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: GetSessionTokenWithMfa SERIAL_NUMBER");
    return 2;
}

Console.Write("MFA code: ");
string tokenCode = Console.ReadLine() ?? "";

var sts = new AmazonSecurityTokenServiceClient();
GetSessionTokenResponse answer = await sts.GetSessionTokenAsync(
    new GetSessionTokenRequest
    {
        SerialNumber = args[0],
        TokenCode = tokenCode,
        DurationSeconds = 3600,
    });

var session = new SessionAWSCredentials(
    answer.Credentials.AccessKeyId,
    answer.Credentials.SecretAccessKey,
    answer.Credentials.SessionToken);

// The policy that asks for MFA sees it in every call of this session.
var s3 = new AmazonS3Client(session, new AmazonS3Config { ForcePathStyle = true });
ListBucketsResponse buckets = await s3.ListBucketsAsync();
foreach (S3Bucket bucket in buckets.Buckets)
{
    Console.WriteLine(bucket.BucketName);
}
return 0;
