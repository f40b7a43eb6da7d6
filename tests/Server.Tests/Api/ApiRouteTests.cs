using RemoteExec.Server.Api;

namespace RemoteExec.Server.Tests.Api;

public sealed class ApiRouteTests
{
    [Theory]
    [InlineData("stats", "stats", "")]
    [InlineData("builds/{id}", "builds/x", "x")]
    [InlineData("builds/{id}/actions", "builds/x/actions", "x")]
    [InlineData("trees/{hash}/{size}.tar.zst", "trees/aa/12.tar.zst", "aa 12")]
    [InlineData("operations/{name...}/stdout", "operations/operations/uuid/stdout", "operations/uuid")]
    [InlineData("operations/{name...}/stdout", "operations/a/team/operations/uuid/stdout", "a/team/operations/uuid")]
    [InlineData("operations/{name...}/stdout", "operations/uuid/stdout", "uuid")]
    public void A_path_that_fits_gives_what_stands_in_the_place_of_the_braces(string template, string path, string values) =>
        Assert.Equal(values.Split(' ', StringSplitOptions.RemoveEmptyEntries), Route(template).Match(path));

    [Theory]
    [InlineData("stats", "stats/")]
    [InlineData("stats", "Stats")]
    [InlineData("builds/{id}", "builds/")]
    [InlineData("builds/{id}", "builds/x/y")]
    [InlineData("builds/{id}", "builds")]
    [InlineData("trees/{hash}/{size}.tar.zst", "trees/aa/.tar.zst")]
    [InlineData("trees/{hash}/{size}.tar.zst", "trees/aa/12.tar")]
    [InlineData("operations/{name...}/stdout", "operations/stdout")]
    [InlineData("operations/{name...}/stdout", "operations/operations/uuid/stderr")]
    public void Another_path_does_not_fit(string template, string path) => Assert.Null(Route(template).Match(path));

    private static ApiRoute Route(string template) => new(template, "", (_, _) => Task.CompletedTask);
}
