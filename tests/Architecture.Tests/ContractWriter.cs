using Google.Protobuf.Reflection;

namespace RemoteExec.Architecture.Tests;

/// <summary>Writes what a compiled .proto file says in the plain text of <c>wire-contract/</c>, whose files explain it.</summary>
internal sealed class ContractWriter
{
    private const int MaxFieldNumber = 536_870_911;
    private readonly List<string> lines = [];
    private readonly string package;

    private ContractWriter(string package) => this.package = package;

    /// <summary>The lines of one file, its name first.</summary>
    public static IReadOnlyList<string> Write(FileDescriptor file)
    {
        FileDescriptorProto proto = file.ToProto();
        var writer = new ContractWriter(file.Package);
        writer.Add(0, $"file {file.Name}");
        writer.Add(1, $"syntax {(proto.Syntax.Length == 0 ? "proto2" : proto.Syntax)}");
        if (proto.Options?.HasCsharpNamespace == true)
            writer.Add(1, $"csharp_namespace {proto.Options.CsharpNamespace}");
        foreach (string dependency in proto.Dependency)
            writer.Add(1, $"import {dependency}");
        foreach (ServiceDescriptor service in file.Services)
            writer.WriteService(service);
        foreach (MessageDescriptor message in file.MessageTypes)
            writer.WriteMessage(1, message);
        foreach (EnumDescriptor type in file.EnumTypes)
            writer.WriteEnum(1, type);
        return writer.lines;
    }

    private void WriteService(ServiceDescriptor service)
    {
        Add(1, $"service {service.Name}{Deprecated(service.ToProto().Options?.Deprecated)}");
        foreach (MethodDescriptor method in service.Methods)
        {
            Add(2, $"rpc {method.Name} {(method.IsClientStreaming ? "stream " : "")}{NameOf(method.InputType)} -> "
                + $"{(method.IsServerStreaming ? "stream " : "")}{NameOf(method.OutputType)}{Deprecated(method.ToProto().Options?.Deprecated)}");
        }
    }

    private void WriteMessage(int depth, MessageDescriptor message)
    {
        DescriptorProto proto = message.ToProto();
        Add(depth, $"message {message.Name}{Deprecated(proto.Options?.Deprecated)}");
        foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
            WriteField(depth + 1, field, proto.Field.Single(candidate => candidate.Number == field.FieldNumber));
        if (proto.ReservedRange.Count > 0)
            Add(depth + 1, "reserved " + string.Join(' ', proto.ReservedRange.Select(range => RangeOf(range.Start, range.End - 1, MaxFieldNumber))));
        if (proto.ReservedName.Count > 0)
            Add(depth + 1, "reserved_names " + string.Join(' ', proto.ReservedName));
        foreach (EnumDescriptor type in message.EnumTypes)
            WriteEnum(depth + 1, type);
        foreach (MessageDescriptor nested in message.NestedTypes.Where(nested => nested.ToProto().Options?.MapEntry != true))
            WriteMessage(depth + 1, nested);
    }

    private void WriteField(int depth, FieldDescriptor field, FieldDescriptorProto proto)
    {
        string label = field.IsMap ? "" : proto.Proto3Optional ? "optional " : field.IsRepeated ? "repeated " : field.IsRequired ? "required " : "";
        string line = $"{field.FieldNumber} {field.Name} {label}{TypeOf(field)}";
        if (field.RealContainingOneof is { } oneof)
            line += $" oneof={oneof.Name}";
        if (field.JsonName != DefaultJsonName(field.Name))
            line += $" json={field.JsonName}";
        if (proto.Options?.HasPacked == true)
            line += $" packed={(proto.Options.Packed ? "true" : "false")}";
        Add(depth, line + Deprecated(proto.Options?.Deprecated));
    }

    private void WriteEnum(int depth, EnumDescriptor type)
    {
        EnumDescriptorProto proto = type.ToProto();
        Add(depth, $"enum {type.Name}{(proto.Options?.AllowAlias == true ? " allow_alias" : "")}{Deprecated(proto.Options?.Deprecated)}");
        foreach (EnumValueDescriptorProto value in proto.Value)
            Add(depth + 1, $"{value.Number} {value.Name}{Deprecated(value.Options?.Deprecated)}");
        if (proto.ReservedRange.Count > 0)
            Add(depth + 1, "reserved " + string.Join(' ', proto.ReservedRange.Select(range => RangeOf(range.Start, range.End, int.MaxValue))));
        if (proto.ReservedName.Count > 0)
            Add(depth + 1, "reserved_names " + string.Join(' ', proto.ReservedName));
    }

    private string TypeOf(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message when field.IsMap =>
            $"map<{TypeOf(field.MessageType.FindFieldByNumber(1))},{TypeOf(field.MessageType.FindFieldByNumber(2))}>",
        FieldType.Message => NameOf(field.MessageType),
        FieldType.Enum => "enum:" + NameOf(field.EnumType),
        _ => field.FieldType.ToString().ToLowerInvariant(),
    };

    private string NameOf(DescriptorBase type) =>
        type.FullName.StartsWith(package + ".", StringComparison.Ordinal) && type.File.Package == package
            ? type.FullName[(package.Length + 1)..]
            : "." + type.FullName;

    private void Add(int depth, string text) => lines.Add(new string(' ', depth * 2) + text);

    private static string Deprecated(bool? deprecated) => deprecated == true ? " deprecated" : "";

    private static string RangeOf(int first, int last, int max) => first == last ? $"{first}" : $"{first}-{(last == max ? "max" : last)}";

    private static string DefaultJsonName(string name) =>
        string.Concat(name.Split('_').Select((word, i) => i == 0 || word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
}
