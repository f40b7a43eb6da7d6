using System.Globalization;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>Sources to build: C++ libraries, a program and a test, generated files, a directory as output.</summary>
internal static class SampleSources
{
    /// <summary>How many actions a build of all of it runs at least.</summary>
    public const int Actions = 10;

    /// <summary>How many small actions <c>//many:all</c> has.</summary>
    public const int Many = 200;

    /// <summary>Writes them into a workspace.</summary>
    public static void WriteTo(BazelWorkspace workspace)
    {
        workspace.Write("lib/BUILD", """
            cc_library(name = "greet", srcs = ["greet.cc"], hdrs = ["greet.h"], visibility = ["//visibility:public"])
            cc_library(name = "count", srcs = ["count.cc"], hdrs = ["count.h"], deps = [":greet"], visibility = ["//visibility:public"])
            """);
        workspace.Write("lib/greet.h", "const char* greet();\n");
        workspace.Write("lib/greet.cc", "#include \"lib/greet.h\"\nconst char* greet() { return \"hello\"; }\n");
        workspace.Write("lib/count.h", "unsigned long count();\n");
        workspace.Write("lib/count.cc", "#include \"lib/count.h\"\n#include <cstring>\n#include \"lib/greet.h\"\nunsigned long count() { return strlen(greet()); }\n");
        workspace.Write("app/BUILD", """
            cc_binary(name = "app", srcs = ["app.cc"], deps = ["//lib:greet", "//lib:count"])
            cc_test(name = "app_test", srcs = ["app_test.cc"], deps = ["//lib:count"], size = "small")
            """);
        workspace.Write("app/app.cc", "#include <cstdio>\n#include \"lib/count.h\"\n#include \"lib/greet.h\"\nint main() { printf(\"%s %lu\\n\", greet(), count()); }\n");
        workspace.Write("app/app_test.cc", "#include \"lib/count.h\"\nint main() { return count() == 5 ? 0 : 1; }\n");
        workspace.Write("gen/tree.bzl", """
            def _tree(ctx):
                out = ctx.actions.declare_directory(ctx.label.name)
                ctx.actions.run_shell(
                    outputs = [out],
                    command = "mkdir -p $1/a/b $1/empty && echo one > $1/a/one && echo two > $1/a/b/two && printf '' > $1/nothing && chmod +x $1/a/one && ln -s a/one $1/link",
                    arguments = [out.path],
                )
                return [DefaultInfo(files = depset([out]))]

            tree = rule(implementation = _tree)

            def _use(ctx):
                out = ctx.actions.declare_file(ctx.label.name + ".txt")
                ctx.actions.run_shell(
                    inputs = ctx.files.tree,
                    outputs = [out],
                    command = "cd $1 && find . | LC_ALL=C sort > $OLDPWD/$2 && cat a/one a/b/two link >> $OLDPWD/$2",
                    arguments = [ctx.files.tree[0].path, out.path],
                )
                return [DefaultInfo(files = depset([out]))]

            use = rule(implementation = _use, attrs = {"tree": attr.label()})
            """);
        workspace.Write("gen/BUILD", """
            load(":tree.bzl", "tree", "use")

            tree(name = "tree")
            use(name = "use", tree = ":tree")
            genrule(name = "text", outs = ["text.txt"], cmd = "echo generated > $@")
            genrule(name = "nothing", outs = ["nothing.txt"], cmd = "printf '' > $@")
            genrule(name = "script", outs = ["script.sh"], cmd = "printf '#!/bin/sh\\necho run\\n' > $@", executable = 1)
            genrule(name = "large", outs = ["large.bin"], cmd = "seq 10000000 13000000 > $@")
            """);
        workspace.Write("many/BUILD", string.Create(CultureInfo.InvariantCulture, $"""
            [genrule(name = "g%d" % i, outs = ["g%d.txt" % i], cmd = "echo %d > $@" % i) for i in range({Many})]
            """));
    }
}
