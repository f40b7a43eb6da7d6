using System.Reflection;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using RemoteExec.Benchmarks.Framing;

namespace RemoteExec.Architecture.Tests;

/// <summary>Every benchmark runs, with each of its parameters, and does what it says as far as it checks that itself; how fast is another matter.</summary>
public sealed class BenchmarkTests
{
    private const int Rounds = 3; // not one: a benchmark has to leave behind what the next round needs

    public static TheoryData<string> Classes { get; } = [.. Benchmarks.GetTypes().Where(HasBenchmarks).Select(type => type.FullName!).Order(StringComparer.Ordinal)];

    private static Assembly Benchmarks => typeof(HeaderBenchmarks).Assembly;

    [Theory]
    [MemberData(nameof(Classes))]
    public async Task Every_benchmark_runs(string name)
    {
        BenchmarkCase[] cases = BenchmarkConverter.TypeToBenchmarks(Benchmarks.GetType(name, throwOnError: true)!, ManualConfig.CreateEmpty()).BenchmarksCases;

        Assert.NotEmpty(cases);
        foreach (BenchmarkCase benchmark in cases)
            await RunAsync(benchmark);
    }

    private static bool HasBenchmarks(Type type) => type.GetMethods().Any(method => method.GetCustomAttribute<BenchmarkAttribute>() is not null);

    private static async Task RunAsync(BenchmarkCase benchmark)
    {
        Descriptor methods = benchmark.Descriptor;
        object instance = Activator.CreateInstance(methods.Type)!;
        foreach (BenchmarkDotNet.Parameters.ParameterInstance parameter in benchmark.Parameters.Items)
            methods.Type.GetProperty(parameter.Name)!.SetValue(instance, parameter.Value);

        await InvokeAsync(methods.GlobalSetupMethod, instance);
        for (int i = 0; i < Rounds; i++)
        {
            await InvokeAsync(methods.IterationSetupMethod, instance);
            await InvokeAsync(methods.WorkloadMethod, instance);
            await InvokeAsync(methods.IterationCleanupMethod, instance);
        }

        await InvokeAsync(methods.GlobalCleanupMethod, instance);
    }

    private static async Task InvokeAsync(MethodInfo? method, object instance)
    {
        switch (method?.Invoke(instance, BindingFlags.DoNotWrapExceptions, null, null, null))
        {
            case Task task:
                await task;
                break;
            case ValueTask task:
                await task;
                break;
        }
    }
}
