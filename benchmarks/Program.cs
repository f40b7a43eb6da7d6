using BenchmarkDotNet.Running;

namespace RemoteExec.Benchmarks;

/// <summary>Runs the benchmarks that the command line names; without arguments it lists them.</summary>
internal static class Program
{
    private static void Main(string[] args) => BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
