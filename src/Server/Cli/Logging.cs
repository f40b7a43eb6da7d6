using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli;

/// <summary>Logs on standard error: lines for people on a terminal, JSON anywhere else, or what is wanted. Quiet, unless something is wrong or everything is wanted.</summary>
internal static class Logging
{
    /// <summary>Makes the loggers of a process; its owner disposes them.</summary>
    public static ILoggerFactory Create(bool verbose, LogFormat format = LogFormat.Auto) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(verbose ? LogLevel.Debug : LogLevel.Warning);
        builder.AddFilter("Microsoft", LogLevel.Warning);
        builder.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None); // it has nothing to warn of, and any level doubles what a call allocates
        builder.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None); // a start that fails is told in one line, by who asked for it
        builder.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        if (format == LogFormat.Json || (format == LogFormat.Auto && Console.IsErrorRedirected))
        {
            builder.AddJsonConsole(json =>
            {
                json.UseUtcTimestamp = true;
                json.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
                json.IncludeScopes = true;
                json.JsonWriterOptions = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }; // no page shows it
            });
        }
        else
        {
            builder.AddSimpleConsole(simple =>
            {
                simple.SingleLine = true;
                simple.TimestampFormat = "HH:mm:ss ";
                simple.IncludeScopes = true;
                simple.ColorBehavior = Terminal.WantsColours ? LoggerColorBehavior.Default : LoggerColorBehavior.Disabled;
            });
        }

        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });
}
