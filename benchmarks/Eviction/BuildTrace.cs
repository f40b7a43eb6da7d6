namespace RemoteExec.Benchmarks.Eviction;

/// <summary>
/// What a fleet of CI machines asks of a cache in a week: 840 builds, one every 12 minutes, each of which takes 40. It is made up, and the same each time.
/// </summary>
/// <remarks>
/// A repository of 60 packages with 100 actions each, every action with one output. A third of the builds begins with a commit to the main branch that changes about 20 outputs in a package,
/// and one in fifty of these a third of all outputs. 25 other branches are open at a time; each of their builds changes about 10 outputs more, one in five goes on from what the
/// main branch is by then, and after about 12 builds a branch is replaced by another. A quarter of the builds are of the main branch. A nightly build takes in everything, three in ten of
/// the others too, the rest one to ten packages, popular ones (Zipf) more often. A build looks up all outputs of its packages and a part of 300 blobs of a toolchain, of which a tenth is
/// replaced twice in the week; uploads 2 % as many blobs that nobody ever looks at; and looks up a tenth of what it has touched once more at its end. Every other day a fuzzing job, which
/// names no build, uploads 8,000 blobs within half an hour that nobody ever looks at. Sizes are log-normal: the median is 1.5 KiB, the mean about 9, none is above 1 MiB; those of the
/// toolchain and the ones that nobody looks at are four times as long. Sizes are about a quarter of what is usual, for speed.
/// </remarks>
internal sealed class BuildTrace
{
    private const int Packages = 60;
    private const int ActionsPerPackage = 100;
    private const int Actions = Packages * ActionsPerPackage;
    private const int Branches = 25;
    private const int Tools = 300;
    private const int Builds = 840;
    private const double MinutesBetween = 12;
    private const double MinutesOfBuild = 40;
    private const int FuzzedBlobs = 8000;
    private const double MinutesOfFuzzing = 30;
    private const int MaxSize = 1 << 20;

    private readonly Random random = new(1);
    private readonly List<int> sizes = [];
    private readonly List<TraceEvent> events = [];
    private readonly int[] main = new int[Actions];
    private readonly int[] tools = new int[Tools];
    private readonly int[][] branches = new int[Branches][];

    private BuildTrace()
    {
        for (int i = 0; i < Actions; i++)
            main[i] = NewBlob(1);
        for (int i = 0; i < Tools; i++)
            tools[i] = NewBlob(4);
        for (int i = 0; i < Branches; i++)
            branches[i] = [.. main];
    }

    /// <summary>The bytes of all blobs together.</summary>
    public long DistinctBytes => sizes.Sum(size => (long)size);

    /// <summary>How many blobs there are.</summary>
    public int Blobs => sizes.Count;

    /// <summary>What happens, in order.</summary>
    public IReadOnlyList<TraceEvent> Events => events;

    /// <summary>Makes the trace up.</summary>
    public static BuildTrace Generate()
    {
        var trace = new BuildTrace();
        for (int build = 0; build < Builds; build++)
            trace.Add(build);
        for (int build = 200; build < Builds; build += 240)
            trace.AddFuzzing(build * MinutesBetween);
        trace.events.Sort((a, b) => a.Minute.CompareTo(b.Minute) is var byTime && byTime != 0 ? byTime : a.Blob.CompareTo(b.Blob));
        return trace;
    }

    private void Add(int build)
    {
        bool isNightly = build % 120 == 0;
        if (build % 420 == 210)
            Replace(tools, 0, Tools, Tools / 10, 4);
        if (random.NextDouble() < 1.0 / 3)
            Commit(main, 20);
        int[] tree = isNightly || random.NextDouble() < 0.25 ? main : Branch();
        bool isWhole = isNightly || random.NextDouble() < 0.3;
        HashSet<int> packages = [.. isWhole ? Enumerable.Range(0, Packages) : Enumerable.Range(0, 1 + random.Next(10)).Select(_ => Zipf(Packages))];
        int[] touched = [.. packages.SelectMany(package => tree.Skip(package * ActionsPerPackage).Take(ActionsPerPackage)),
            .. Enumerable.Range(0, Tools / 2).Select(_ => tools[Zipf(Tools)]).Distinct()];

        double start = build * MinutesBetween;
        for (int i = 0; i < touched.Length; i++)
            Add(start + (MinutesOfBuild * 0.95 * i / touched.Length), build, touched[i], TraceEventKind.LookUp);
        for (int i = 0; i < 5 + touched.Length / 50; i++)
            Add(start + (MinutesOfBuild * 0.95 * random.NextDouble()), build, NewBlob(4), TraceEventKind.Upload);
        for (int i = 0; i < touched.Length / 10; i++)
            Add(start + (MinutesOfBuild * (0.96 + (0.04 * random.NextDouble()))), build, touched[random.Next(touched.Length)], TraceEventKind.LateLookUp);
    }

    private void AddFuzzing(double start)
    {
        for (int i = 0; i < FuzzedBlobs; i++)
            Add(start + (MinutesOfFuzzing * i / FuzzedBlobs), TraceEvent.NoBuild, NewBlob(4), TraceEventKind.Upload);
    }

    private int[] Branch()
    {
        int number = random.Next(Branches);
        double fate = random.NextDouble();
        if (fate < 1.0 / 12 || fate > 0.8) // replaced by another, or brought up to date, which changes what the main branch has changed
            branches[number] = [.. main];
        Commit(branches[number], 10);
        return branches[number];
    }

    private void Commit(int[] tree, double about)
    {
        if (random.NextDouble() < 0.02)
        {
            Replace(tree, 0, Actions, Actions / 3, 1);
            return;
        }

        int package = Zipf(Packages);
        Replace(tree, package * ActionsPerPackage, ActionsPerPackage, (int)Math.Clamp(LogNormal(about, 0.8), 1, 4 * ActionsPerPackage), 1);
    }

    private void Replace(int[] tree, int first, int count, int replacements, double scale)
    {
        for (int i = 0; i < replacements; i++)
            tree[first + random.Next(count)] = NewBlob(scale);
    }

    private void Add(double minute, int build, int blob, TraceEventKind kind) => events.Add(new TraceEvent(minute, build, blob, sizes[blob], kind));

    private int NewBlob(double scale)
    {
        sizes.Add((int)Math.Clamp(scale * LogNormal(1536, 1.9), 16, MaxSize));
        return sizes.Count - 1;
    }

    /// <summary>A number below another, the lower the more probable.</summary>
    private int Zipf(int count) => (int)Math.Min(count - 1, Math.Pow(count + 1, random.NextDouble()) - 1);

    private double LogNormal(double median, double sigma) =>
        median * Math.Exp(sigma * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
