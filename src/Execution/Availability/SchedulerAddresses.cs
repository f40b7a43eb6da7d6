namespace RemoteExec.Execution.Availability;

/// <summary>Where other servers reach a scheduler.</summary>
/// <param name="Grpc">Its listener of clients, as a URL.</param>
/// <param name="Workers">Its listener of workers, as a URL.</param>
public sealed record SchedulerAddresses(string Grpc, string Workers);
