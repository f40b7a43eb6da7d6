using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Auth.Leases;

namespace RemoteExec.Server.Tests.Auth.Leases;

public sealed class LeaseAuthenticatorTests
{
    private static readonly InstanceName instance = InstanceName.Parse("team/app");
    private readonly ManualTimeProvider time = new();
    private readonly LeaseAuthenticator authenticator;
    private LeaseKeys keys = LeaseKeys.Parse(LeaseKeys.NewLine());

    public LeaseAuthenticatorTests() => authenticator = new LeaseAuthenticator(() => keys, time);

    private string Header(TimeSpan lifetime) => $"Bearer {keys.Sign(new LeaseGrant(instance, LeaseGrant.Most, "17", "worker 7", time.GetUtcNow() + lifetime))}";

    [Fact]
    public void Who_shows_one_may_what_it_says_in_its_instance_alone()
    {
        Caller caller = authenticator.Authenticate(Header(TimeSpan.FromMinutes(1))).Caller!;

        Assert.Equal("worker 7 (lease 17)", caller.ToString());
        Assert.True(caller.HasOneOf(Right.ReadCas, instance));
        Assert.True(caller.HasOneOf(Right.WriteCas, instance));
        Assert.False(caller.HasOneOf(Right.ReadAc | Right.WriteAc | Right.Execute | Right.Work | Right.Operate | Right.Impersonate, instance));
        foreach (string other in new[] { "team", "team/app2", "team/app/below", "", "other" })
            Assert.False(caller.HasOneOf(Right.ReadCas | Right.WriteCas, InstanceName.Parse(other)), other);
        Assert.False(caller.HasOneOfEverywhere(Right.ReadCas));
    }

    [Fact]
    public void It_ends_when_it_says_whether_it_was_seen_before_or_not()
    {
        string header = Header(TimeSpan.FromMinutes(1)), unseen = Header(TimeSpan.FromMinutes(1));
        Assert.NotNull(authenticator.Authenticate(header).Caller);
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.NotNull(authenticator.Authenticate(header).Caller);

        time.Advance(TimeSpan.FromSeconds(1));

        foreach (string one in new[] { header, unseen })
            Assert.Equal("the lease token has expired: a worker gets a new one with each answer to what it posts of its action", authenticator.Authenticate(one).Refusal);
    }

    [Fact]
    public void A_key_that_is_taken_away_ends_what_it_has_signed_at_once()
    {
        string header = Header(TimeSpan.FromMinutes(1));
        Assert.NotNull(authenticator.Authenticate(header).Caller);

        keys = LeaseKeys.Parse(LeaseKeys.NewLine());

        Assert.Contains("auth.leases.keyFile", authenticator.Authenticate(header).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Others_look_at_what_is_none()
    {
        Assert.Equal(Authentication.NotMine, authenticator.Authenticate(null));
        Assert.Equal(Authentication.NotMine, authenticator.Authenticate("Bearer rxt_0123"));
        Assert.Equal(Authentication.NotMine, await authenticator.AuthenticateAsync(new Credentials(null, null), TestContext.Current.CancellationToken));
        Assert.NotNull(authenticator.Authenticate("Bearer rxl1_").Refusal);
    }
}
