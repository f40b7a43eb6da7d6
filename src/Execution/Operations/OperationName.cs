using System.Diagnostics.CodeAnalysis;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Operations;

/// <summary>The name of an operation: <c>[instance/]operations/{uuid}</c> (EXE-18).</summary>
internal readonly record struct OperationName(InstanceName Instance, Guid Id)
{
    private const string Collection = "operations/";

    /// <summary>Parses a name; false for anything that this server can't have issued.</summary>
    public static bool TryParse(string text, out OperationName name)
    {
        name = default;
        int start = text.LastIndexOf(Collection, StringComparison.Ordinal);
        if (start is < 0 or 1 || (start > 1 && text[start - 1] != '/'))
            return false;
        if (!Guid.TryParseExact(text.AsSpan(start + Collection.Length), "D", out Guid id))
            return false;
        if (!InstanceName.TryParse(start == 0 ? "" : text[..(start - 1)], out InstanceName instance, out _))
            return false;
        name = new OperationName(instance, id);
        return true;
    }

    /// <summary>Parses the parent under which operations are listed: <c>instance</c> or <c>[instance/]operations</c>.</summary>
    public static bool TryParseParent(string text, out InstanceName instance, [NotNullWhen(false)] out string? error)
    {
        const string collection = "operations";
        if (text == collection)
            text = "";
        else if (text.EndsWith("/" + collection, StringComparison.Ordinal))
            text = text[..^(collection.Length + 1)];
        return InstanceName.TryParse(text, out instance, out error);
    }

    /// <summary>The name on the wire.</summary>
    public override string ToString() => $"{(Instance.IsEmpty ? "" : Instance + "/")}{Collection}{Id:D}";
}
