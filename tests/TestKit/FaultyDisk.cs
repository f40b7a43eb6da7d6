using System.Diagnostics;

namespace RemoteExec.TestKit;

/// <summary>Compiles tests/CrashHost/faulty_disk.c, and says how a process is started on such a disk.</summary>
internal static class FaultyDisk
{
    private static readonly Lazy<(string? Library, string Problem)> library = new(Compile);

    /// <summary>The environment of a process whose files below a directory are on the disk. Skips the test where there is no C compiler, or fails it where CI=true.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="journal">The file that what happens to the disk is appended to.</param>
    public static Dictionary<string, string> Environment(string directory, string journal)
    {
        if (library.Value.Library is null && System.Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(library.Value.Problem);
        Assert.SkipWhen(library.Value.Library is null, library.Value.Problem);
        return new()
        {
            ["LD_PRELOAD"] = library.Value.Library!,
            ["FAULTY_DISK_ROOT"] = directory,
            ["FAULTY_DISK_JOURNAL"] = journal,
        };
    }

    private static (string? Library, string Problem) Compile()
    {
        if (!OperatingSystem.IsLinux())
            return (null, "a disk that fails can only be made on Linux (LD_PRELOAD)");
        string path = Path.Combine(AppContext.BaseDirectory, "faulty_disk.so");
        try
        {
            string made = $"{path}.{System.Environment.ProcessId}";
            using Process compiler = Process.Start(
                new ProcessStartInfo("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", made, Repository.Path("tests", "CrashHost", "faulty_disk.c"), "-ldl", "-lpthread"])
                {
                    RedirectStandardError = true,
                })!;
            string errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            if (compiler.ExitCode != 0)
                throw new InvalidOperationException(errors);
            File.Move(made, path, overwrite: true);
            return (path, "");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (null, "there is no C compiler for a disk that fails: apt-get install gcc");
        }
    }
}
