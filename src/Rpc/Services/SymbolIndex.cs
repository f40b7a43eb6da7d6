using Google.Protobuf.Reflection;

namespace RemoteExec.Rpc.Services;

/// <summary>Finds proto files by what they declare. The index is built at the first question: most servers are never asked. Thread-safe.</summary>
internal sealed class SymbolIndex
{
    private readonly IReadOnlyList<ServiceDescriptor> services;
    private readonly Lazy<Tables> tables;

    public SymbolIndex(IReadOnlyList<ServiceDescriptor> services)
    {
        this.services = services;
        tables = new Lazy<Tables>(() => new Tables(Closure(services.Select(service => service.File))));
    }

    /// <summary>The full names of the services, sorted.</summary>
    public IReadOnlyList<string> Services => [.. services.Select(service => service.FullName).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The file with a name as in import statements; null if there is none.</summary>
    public FileDescriptor? FindFile(string name) => tables.Value.Files.GetValueOrDefault(name);

    /// <summary>The file that declares a fully qualified symbol of any kind; null if there is none.</summary>
    public FileDescriptor? FindSymbol(string name) => tables.Value.Symbols.GetValueOrDefault(name);

    /// <summary>The file that declares an extension; null if there is none.</summary>
    public FileDescriptor? FindExtension(string type, int number) =>
        tables.Value.Extensions.Find(extension => extension.ExtendeeType.FullName == type && extension.FieldNumber == number)?.File;

    /// <summary>The numbers of a message type's extensions; null if there is no such type.</summary>
    public IReadOnlyList<int>? FindExtensionNumbers(string type) => tables.Value.Messages.Contains(type)
        ? [.. tables.Value.Extensions.Where(extension => extension.ExtendeeType.FullName == type).Select(extension => extension.FieldNumber)]
        : null;

    /// <summary>The files and all that they import, directly or not, each once.</summary>
    public static IReadOnlyList<FileDescriptor> Closure(IEnumerable<FileDescriptor> roots)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var found = new List<FileDescriptor>();
        var pending = new Queue<FileDescriptor>(roots);
        while (pending.TryDequeue(out FileDescriptor? file))
        {
            if (!seen.Add(file.Name))
                continue;
            found.Add(file);
            foreach (FileDescriptor dependency in file.Dependencies)
                pending.Enqueue(dependency);
        }

        return found;
    }

    private sealed class Tables
    {
        public Tables(IReadOnlyList<FileDescriptor> files)
        {
            foreach (FileDescriptor file in files)
            {
                Files.Add(file.Name, file);
                foreach (ServiceDescriptor service in file.Services)
                    Add([service, .. service.Methods]);
                Add(file.EnumTypes);
                AddMessages(file.MessageTypes);
                AddExtensions(file.Extensions);
            }
        }

        public Dictionary<string, FileDescriptor> Files { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, FileDescriptor> Symbols { get; } = new(StringComparer.Ordinal);

        public HashSet<string> Messages { get; } = new(StringComparer.Ordinal);

        public List<FieldDescriptor> Extensions { get; } = [];

        private void AddMessages(IEnumerable<MessageDescriptor> messages)
        {
            foreach (MessageDescriptor message in messages)
            {
                Messages.Add(message.FullName);
                Add([message, .. message.Fields.InDeclarationOrder(), .. message.Oneofs]);
                Add(message.EnumTypes);
                AddMessages(message.NestedTypes);
                AddExtensions(message.Extensions);
            }
        }

        private void AddExtensions(ExtensionCollection extensions)
        {
            Extensions.AddRange(extensions.UnorderedExtensions);
            Add(extensions.UnorderedExtensions);
        }

        private void Add(IEnumerable<EnumDescriptor> enums)
        {
            // The values of an enum are siblings of it: package.VALUE, not package.Enum.VALUE. FullName follows that.
            foreach (EnumDescriptor descriptor in enums)
                Add([descriptor, .. descriptor.Values]);
        }

        private void Add(IEnumerable<IDescriptor> descriptors)
        {
            foreach (IDescriptor descriptor in descriptors)
                Symbols.TryAdd(descriptor.FullName, descriptor.File);
        }
    }
}
