using RemoteExec.Server.Cli;

return await CommandLine.RunAsync(args, Terminal.Process());
