namespace RemoteExec.Server.Configuration;

/// <summary>What an options record finds wrong with itself.</summary>
/// <param name="Property">The name of the property, as <c>nameof</c> gives it, with dots between those of sections within; empty for the record as a whole.</param>
/// <param name="Message">What is wrong with its value, and what to do.</param>
internal sealed record OptionProblem(string Property, string Message);
