using Xunit.v3;

namespace RemoteExec.TestKit;

/// <summary>Says which rule of the REAPI checklist a test proves, for example <c>[Rule("CAS-07")]</c>; docs/conformance.md lists them.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true)]
public sealed class RuleAttribute(string id) : Attribute, ITraitAttribute
{
    /// <summary>The rule's number.</summary>
    public string Id { get; } = id;

    /// <inheritdoc/>
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Rule", Id)];
}
