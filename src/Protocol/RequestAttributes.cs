using System.Diagnostics;

namespace RemoteExec.Protocol;

/// <summary>What a span says of who wants what it is of, from RequestMetadata (RMD-01).</summary>
public static class RequestAttributes
{
    /// <summary>Says it, as far as the client has told.</summary>
    public static void AddTo(Activity span, Reapi.RequestMetadata? metadata)
    {
        if (metadata is null)
            return;
        Add("remoteexec.tool.name", metadata.ToolDetails?.ToolName);
        Add("remoteexec.tool.version", metadata.ToolDetails?.ToolVersion);
        Add("remoteexec.invocation.id", metadata.ToolInvocationId);
        Add("remoteexec.invocations.correlated_id", metadata.CorrelatedInvocationsId);
        Add("remoteexec.action.id", metadata.ActionId);
        Add("remoteexec.action.mnemonic", metadata.ActionMnemonic);
        Add("remoteexec.target.id", metadata.TargetId);
        Add("remoteexec.configuration.id", metadata.ConfigurationId);

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                span.SetTag(name, value);
        }
    }
}
