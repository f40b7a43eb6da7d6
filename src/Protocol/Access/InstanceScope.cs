using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Protocol.Access;

/// <summary>
/// The instances that something holds for: all of them, one with those below it (<c>team</c> with <c>team/ci</c>, but not <c>team2</c>), or one alone. The nameless instance is above no other.
/// </summary>
public sealed record InstanceScope
{
    private const string Everything = "*";
    private const string Nameless = "/";
    private readonly string? name; // null for all

    private InstanceScope(string? name, bool isAlone = false) => (this.name, IsAlone) = (name, isAlone);

    /// <summary>All instances.</summary>
    public static InstanceScope All { get; } = new((string?)null);

    /// <summary>True if it is all instances.</summary>
    public bool IsAll => name is null;

    /// <summary>True if it is one instance without those below it.</summary>
    public bool IsAlone { get; }

    /// <summary>An instance, without those below it. People have no way to write that.</summary>
    public static InstanceScope Only(InstanceName instance) => Of(instance).Alone();

    /// <summary>An instance, with those below it.</summary>
    public static InstanceScope Of(InstanceName instance) => new(instance.Value);

    /// <summary>Reads what <see cref="ToString"/> writes: <c>*</c> for all, <c>/</c> for the nameless one, or the name of an instance.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out InstanceScope? scope, [NotNullWhen(false)] out string? error)
    {
        (scope, error) = (null, null);
        if (text == Everything)
            scope = All;
        else if (text?.Contains(Everything, StringComparison.Ordinal) == true)
            error = $"'{text}' has a * in it: that stands for all instances, alone; the name of one stands for those below it, too";
        else if (InstanceName.TryParse(text == Nameless ? "" : text, out InstanceName instance, out error))
            scope = Of(instance);
        return scope is not null;
    }

    /// <summary>The same without those below; all remain all.</summary>
    public InstanceScope Alone() => name is null ? this : new InstanceScope(name, isAlone: true);

    /// <summary>True if an instance is one of them.</summary>
    public bool Covers(InstanceName instance)
    {
        if (name is null)
            return true;
        string other = instance.Value;
        return other.Length == name.Length
            ? string.Equals(other, name, StringComparison.Ordinal)
            : !IsAlone && name.Length > 0 && other.Length > name.Length && other[name.Length] == '/' && other.StartsWith(name, StringComparison.Ordinal);
    }

    /// <summary>The instances that are in both; null if there are none.</summary>
    public InstanceScope? Intersect(InstanceScope other)
    {
        if (name is null || other.name is null)
            return name is null ? other : this;
        if (name == other.name)
            return IsAlone ? this : other;
        return Covers(InstanceName.Parse(other.name)) ? other : other.Covers(InstanceName.Parse(name)) ? this : null;
    }

    /// <summary><c>*</c>, <c>/</c>, or the name of the instance.</summary>
    public override string ToString() => name switch
    {
        null => Everything,
        "" => Nameless,
        _ => name,
    };
}
