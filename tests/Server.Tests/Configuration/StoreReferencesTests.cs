using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

public sealed class StoreReferencesTests
{
    private static string[] ProblemsOf(string yaml) =>
        [.. Assert.Throws<ConfigException>(new ConfigLoader().AddText("test.yaml", yaml).Load).Problems.Select(problem => problem.ToString())];

    [Fact]
    public void A_circle_through_the_parts_of_stores_is_found()
    {
        string[] problems = ProblemsOf("""
            stores:
              a: { readOnly: { store: b } }
              b: { sizeSplit: { small: { memory: {} }, large: a } }
              c: { readOnly: { store: c } }
            cas: { store: a }
            """);

        Assert.Equal(
            [
                "test.yaml(2,27): stores.a: is made of itself: b → a → b",
                "test.yaml(3,51): stores.b: is made of itself: a → b → a",
                "test.yaml(4,27): stores.c: is made of itself: c → c",
            ],
            problems);
    }

    [Fact]
    public void A_part_that_does_not_exist_is_told_once_where_it_stands() =>
        Assert.Equal(
            ["test.yaml(1,35): stores.a: there is no store 'x'; stores: a, b"],
            ProblemsOf("stores: { a: { readOnly: { store: x } }, b: { readOnly: { store: a } } }\ncas: { store: b }\n"));

    [Fact]
    public void A_part_that_is_left_out_is_told() =>
        Assert.Equal(
            ["test.yaml(1,27): stores.a.sizeSplit.small: is missing: name a store, or describe one", "test.yaml(1,27): stores.a.sizeSplit.large: is missing: name a store, or describe one"],
            ProblemsOf("stores: { a: { sizeSplit: {} } }\n"));

    [Fact]
    public void The_CAS_and_the_action_cache_can_not_share_a_part() =>
        Assert.Equal(
            ["test.yaml(3,23): actionCache.store: is the store of the CAS, or shares one with it: results need one of their own"],
            ProblemsOf("stores: { disk: { memory: {} }, a: { sizeSplit: { small: { memory: {} }, large: disk } } }\ncas: { store: a }\nactionCache: { store: { readOnly: { store: disk } } }\n"));

    [Fact]
    public void Stores_that_are_used_can_not_have_the_same_directory_or_prefix() =>
        Assert.Equal(
            [
                "test.yaml(3,6): stores.b: has the same path /x/cas as another store, stores.a: give each a directory of its own",
                "test.yaml(5,6): stores.t: has the same prefix 'p/' in the bucket 'k' as another store, stores.s: give each a prefix of its own",
            ],
            ProblemsOf("""
                stores:
                  a: { segments: { path: /x/cas } }
                  b: { segments: { path: /x/y/../cas/ } }
                  s: { s3: { bucket: k, prefix: p/, path: /x/s } }
                  t: { s3: { bucket: k, prefix: p/, path: /x/t } }
                  elsewhere: { s3: { bucket: k, prefix: p/, path: /x/e, endpoint: "https://other" } }
                  unused: { segments: { path: /x/cas } }
                  far: { fastSlow: { fast: elsewhere, slow: t } }
                cas: { store: { mirror: { stores: [ a, b ] } } }
                actionCache: { store: { mirror: { stores: [ s, far ] } } }
                """));

    [Fact]
    public void A_store_can_not_be_made_of_another_one_twice() =>
        Assert.Equal(
            [
                "test.yaml(3,6): stores.m: is made of the same store twice: each of its parts must be another one",
                "test.yaml(5,15): cas.store: is made of the same store twice: each of its parts must be another one",
            ],
            ProblemsOf("""
                stores:
                  a: { memory: {} }
                  m: { mirror: { stores: [ a, b ] } }
                  b: a
                cas: { store: { shard: { nodes: [ { name: x, store: m }, { name: y, store: m } ] } } }
                """).Order());

    [Theory]
    [InlineData("{ sizeSplit: { small: { memory: {} }, large: { memory: {} } } }")]
    [InlineData("{ readOnly: { store: { sizeSplit: { small: { remote: { url: \"grpc://x:1\" } }, large: { memory: {} } } } } }")]
    public void A_store_made_of_one_that_keeps_blobs_only_keeps_no_results(string store) =>
        Assert.Equal(
            ["test.yaml(1,23): actionCache.store: is a store, or made of one, that keeps blobs only: results need another kind"],
            ProblemsOf($"actionCache: {{ store: {store} }}\n"));

    [Theory]
    [InlineData("{ readOnly: { store: { remote: { url: \"grpc://x:1\" } } } }", false)]
    [InlineData("{ sizeSplit: { small: { memory: {} }, large: { memory: {} } } }", true)]
    public void Blobs_can_be_cut_if_every_part_keeps_any_value(string store, bool isGood)
    {
        Exception? problem = Record.Exception(() => new ConfigLoader().AddText("test.yaml", $"cas: {{ store: {store}, chunking: always }}\n").Load());

        Assert.Equal(isGood, problem is null);
    }
}
