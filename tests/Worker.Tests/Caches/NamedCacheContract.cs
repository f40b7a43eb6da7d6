using RemoteExec.TestKit;

namespace RemoteExec.Worker.Tests.Caches;

/// <summary>What the tiers with namespaces promise of named caches.</summary>
public abstract class NamedCacheContract(string tier, bool isUserMapped, bool byBubblewrap = false) : IAsyncLifetime
{
    private ActionFixture? fixture;

    private protected ActionFixture Worker => fixture!;

    public async ValueTask InitializeAsync()
    {
        if (!isUserMapped)
            Needs.ActionUsers();
        if (byBubblewrap)
            Requires.Program("bwrap", "bubblewrap");
        fixture = await ActionFixture.MakeAsync(options => options with { Sandbox = options.Sandbox with { PrefersBubblewrap = byBubblewrap } }, tier: tier, isUserMapped: isUserMapped);
    }

    public async ValueTask DisposeAsync()
    {
        if (fixture is not null)
            await fixture.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("kept")]
    [InlineData("deep/er/kept")]
    [InlineData("/home/build/.cache/pip")]
    [InlineData("/tmp/kept/here")]
    public async Task What_an_action_writes_to_a_cache_later_ones_find(string path)
    {
        string property = $"cache:some={path}";

        Assert.Equal("0\n", await Worker.TellAsync($"ls {path} | wc -l; mkdir -p {path}/a/b && echo one > {path}/a/b/file && ln -s file {path}/a/b/link", property));
        Assert.Equal("one\n", await Worker.TellAsync($"cat {path}/a/b/link; echo two >> {path}/a/b/file", property));
        Assert.Equal("one\ntwo\n", await Worker.TellAsync($"cat {path}/a/b/file; rm -r {path}/a; mkdir -p {path}/a/b; echo three > {path}/a/c", property));
        Assert.Equal("b\nc\n", await Worker.TellAsync($"ls {path}/a; ls {path}/a/b", property));
    }

    [Fact]
    public async Task A_cache_is_found_by_its_name_wherever_it_is_wanted()
    {
        await Worker.TellAsync("echo 1 > here/file", "cache:one=here");

        Assert.Equal("1\n", await Worker.TellAsync("cat /opt/tool/file", "cache:one=/opt/tool"));
        Assert.Equal("0\n", await Worker.TellAsync("ls here | wc -l", "cache:two=here"));
    }

    [Fact]
    public async Task Tenants_and_platforms_share_none()
    {
        await Worker.TellInAsync("first", "echo 1 > kept/file", "cache:one=kept", "image=a");

        Assert.Equal("0\n", await Worker.TellInAsync("second", "ls kept | wc -l", "cache:one=kept", "image=a"));
        Assert.Equal("0\n", await Worker.TellInAsync("first", "ls kept | wc -l", "cache:one=kept", "image=b"));
        Assert.Equal("1\n", await Worker.TellInAsync("first", "cat kept/file", "cache:one=kept", "image=a", "cache:two=other"));
    }

    [Fact]
    public async Task Nothing_of_it_is_an_input_or_an_output()
    {
        await Worker.AddFileAsync("in/file", "input");

        Reapi.ExecuteResponse response = await Worker.RunAsync("echo 1 > kept/file; cp in/file out", ["cache:one=kept"], ["out"]);

        Assert.Null(response.Status);
        Assert.Equal("out", Assert.Single(response.Result.OutputFiles).Path);
        Assert.Equal("kept\n1\n", await Worker.TellAsync("ls; cat kept/file", "cache:one=kept"));
        Assert.Equal("", await Worker.TellAsync("ls"));
    }

    [Fact]
    public async Task An_action_that_was_killed_leaves_nothing_in_a_cache()
    {
        Reapi.ExecuteResponse response = await Worker.RunAsync("echo half > kept/file; echo $$; sleep 987", ["cache:one=kept"], timeout: TimeSpan.FromMilliseconds(700));

        Assert.Equal(4, response.Status.Code);
        Assert.Equal("0\n", await Worker.TellAsync("ls kept | wc -l", "cache:one=kept"));
    }

    [Fact]
    public async Task Twenty_actions_at_once_write_to_the_same_cache()
    {
        await Worker.TellAsync("echo base > kept/base", "cache:one=kept");

        string[] seen = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Worker.TellAsync(
            $"cat kept/base 2>/dev/null; mkdir -p kept/dir && echo {number} > kept/dir/{number} && echo {number} > kept/same; cat kept/same", "cache:one=kept")));

        Assert.All(seen.Index(), one => Assert.EndsWith($"{one.Index}\n", one.Item, StringComparison.Ordinal));
        string[] left = (await Worker.TellAsync("cat kept/base; ls kept/dir; cat kept/same", "cache:one=kept")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("base", left[0]);
        AssertKept(seen, left);
        Assert.Equal(0, await LeftOversAsync());
    }

    /// <summary>What the cache has after many have used it at once, and what they saw.</summary>
    private protected abstract void AssertKept(string[] seen, string[] left);

    private Task<int> LeftOversAsync() => Task.FromResult(Directory.EnumerateDirectories(Worker.Scratch.Actions).Count());
}

/// <summary>Where there are overlays, all actions find what is there, and all that is new is kept.</summary>
public abstract class OverlaidCacheContract(string tier, bool isUserMapped) : NamedCacheContract(tier, isUserMapped)
{
    [Fact]
    public async Task What_an_action_that_failed_wrote_is_not_kept()
    {
        await Worker.RunAsync("echo 1 > kept/file; exit 3", ["cache:one=kept"]);

        Assert.Equal("0\n", await Worker.TellAsync("ls kept | wc -l", "cache:one=kept"));
    }

    [Fact]
    public async Task Files_and_directories_take_each_others_places()
    {
        await Worker.TellAsync("mkdir -p kept/d/e && echo 1 > kept/d/e/f && echo 2 > kept/g && ln -s d kept/l", "cache:one=kept");
        await Worker.TellAsync("rm -r kept/d && echo d > kept/d && rm kept/g && mkdir kept/g && echo g > kept/g/h && rm kept/l && mkdir kept/l", "cache:one=kept");

        Assert.Equal("d\ng\nkept\nkept/d\nkept/g\nkept/g/h\nkept/l\n", await Worker.TellAsync("cat kept/d kept/g/h; find kept | sort", "cache:one=kept"));
    }

    [Fact]
    public async Task Whatever_an_action_does_alone_the_next_one_finds_it_so()
    {
        const string Listing = @"find kept -mindepth 1 -printf '%y %m %P %l\n' | sort; find kept -type f | sort | xargs -r tail -n 9";
        var chance = Chance.Create();
        string before = "";
        for (int round = 0; round < 6 * Chance.Effort; round++)
        {
            string changes = string.Join('\n', Enumerable.Range(0, 40).Select(_ => RandomChange(chance.Random)));

            string[] told = (await Worker.TellAsync($"{Listing}\necho ===\ncd kept\n{{\n{changes}\n}} 2>/dev/null\ncd ..\n{Listing}", "cache:one=kept")).Split("===\n");

            Assert.True(before == told[0], $"{chance}, round {round}:\n{before}--- is kept as\n{told[0]}");
            before = told[1];
        }
    }

    [Fact]
    public async Task Closed_directories_are_kept_as_they_are()
    {
        await Worker.TellAsync("mkdir -p kept/mod/a && echo 1 > kept/mod/a/f && chmod 400 kept/mod/a/f && chmod 555 kept/mod/a kept/mod", "cache:one=kept");
        await Worker.TellAsync("chmod 755 kept/mod && echo 2 > kept/mod/g && chmod 555 kept/mod", "cache:one=kept");

        Assert.Equal("1\n2\n555\n", await Worker.TellAsync("cat kept/mod/a/f kept/mod/g; stat -c %a kept/mod", "cache:one=kept"));
    }

    [Fact]
    public async Task Nothing_leads_the_worker_out_of_a_cache()
    {
        string victim = Path.Combine(Worker.Scratch.Location, "victim");
        Directory.CreateDirectory(victim);
        File.WriteAllText(Path.Combine(victim, "file"), "untouched");

        await Worker.TellAsync($"mkdir kept/d && ln -s {victim} kept/d/l && ln -s {victim}/file kept/d/f && ln -s .. kept/up", "cache:one=kept");
        await Worker.TellAsync("rm kept/d/l && mkdir kept/d/l && echo x > kept/d/l/new && rm kept/d/f && echo y > kept/d/f && mkfifo kept/pipe && rm kept/up", "cache:one=kept");

        Assert.Equal("x\ny\n", await Worker.TellAsync("cat kept/d/l/new kept/d/f; test ! -e kept/pipe", "cache:one=kept"));
        Assert.Equal("untouched", File.ReadAllText(Path.Combine(victim, "file")));
        Assert.Equal(["file"], Directory.EnumerateFileSystemEntries(victim).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(@"touch $'kept/\xff'")]
    [InlineData("cd kept; for i in {1..60}; do mkdir $(printf %0100d $i) && cd $(printf %0100d $i) || exit; done")]
    public async Task Names_that_can_not_be_kept_cost_what_came_with_them(string hostile)
    {
        await Worker.TellAsync("echo 1 > kept/file", "cache:one=kept");
        await Worker.TellAsync($"echo 2 > kept/file; {hostile}", "cache:one=kept");

        Assert.Equal("1\n", await Worker.TellAsync("cat kept/*", "cache:one=kept"));
    }

    private static string RandomChange(Random random)
    {
        string one = RandomPath(random), other = RandomPath(random);
        return random.Next(9) switch
        {
            0 => $"mkdir -p {one}",
            1 => $"rm -rf {one}",
            2 => $"mv -T {one} {other}",
            3 => $"ln -sfn {other} {one}",
            4 => $"chmod {random.Next(8)}{random.Next(8)}{random.Next(8)} {one}; chmod u+rwx {one}",
            5 => $"cp -rT {one} {other}",
            6 => $"mkfifo {one}; rm -f {one}",
            7 => $"rm -rf {one}; mkdir -p {one}/{random.Next(3)}",
            _ => $"echo {random.Next(100)} >> {one}",
        };
    }

    private static string RandomPath(Random random) => string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => "abc"[random.Next(3)]));

    private protected override void AssertKept(string[] seen, string[] left)
    {
        Assert.All(seen, one => Assert.StartsWith("base\n", one, StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(0, 20).Select(number => $"{number}").Order(StringComparer.Ordinal), left[1..^1].Order(StringComparer.Ordinal));
    }
}

/// <summary>Overlays, the worker being root.</summary>
public sealed class CachedTreesCacheTests() : OverlaidCacheContract("cached-trees", isUserMapped: false);

/// <summary>Overlays in a user namespace.</summary>
public sealed class MappedUserCacheTests() : OverlaidCacheContract("cached-trees", isUserMapped: true);

/// <summary>Where there are none, the first has the cache and others an empty directory.</summary>
public abstract class PlainCacheContract(bool byBubblewrap) : NamedCacheContract("namespaces", isUserMapped: false, byBubblewrap)
{
    private protected override void AssertKept(string[] seen, string[] left)
    {
        int direct = seen.Count(one => one.StartsWith("base\n", StringComparison.Ordinal));
        Assert.InRange(direct, 1, 20);
        Assert.Equal(direct, left[1..^1].Length);
    }
}

/// <summary>Our own launcher mounts them.</summary>
public sealed class NamespacesCacheTests() : PlainCacheContract(byBubblewrap: false);

/// <summary>bwrap mounts them.</summary>
public sealed class BubblewrapCacheTests() : PlainCacheContract(byBubblewrap: true);
