using System.Text;
using RemoteExec.Native;

namespace RemoteExec.Trees.Tests;

/// <summary>Directories full of what trees can have: odd names, empty files and directories, executable files, symlinks to anywhere, contents that occur twice.</summary>
internal static class RandomTree
{
    private static readonly string[] names = ["a", "b", "Ab", "-x", "a b", "ü", "\u0075\u0308", "😀", "\ue000", "𐀀", "#c", "!d", "x\ny", "*", "[a]", "CON", ".hidden", "name.txt", new string('n', 200)];
    private static readonly string[] targets = ["a", "../..", "/etc/passwd", "missing", "ü/😀", ".", "-"];

    /// <summary>Fills a directory.</summary>
    public static void Fill(string directory, Random random, int depth = 3)
    {
        Directory.CreateDirectory(directory);
        foreach (string name in names.Where(_ => random.Next(4) == 0))
        {
            string path = $"{directory}/{name}";
            switch (random.Next(5))
            {
                case 0 when depth > 0:
                    Fill(path, random, depth - 1);
                    break;
                case 1:
                    File.CreateSymbolicLink(path, targets[random.Next(targets.Length)]);
                    break;
                default:
                    Write(path, random);
                    break;
            }
        }
    }

    /// <summary>Changes some of it: contents, modes, kinds; and adds and deletes.</summary>
    public static void Change(string directory, Random random)
    {
        foreach (string path in Directory.GetFileSystemEntries(directory))
        {
            FileKind? kind = FileStatus.Of(path)?.Kind;
            int what = random.Next(8);
            if (what == 0)
                Delete(path, kind);
            else if (kind == FileKind.Directory)
                Change(path, random);
            else if (what is 1 or 2)
                Replace(path, kind, random);
        }

        if (random.Next(3) == 0)
            Write($"{directory}/new{random.Next(3)}", random);
    }

    /// <summary>All that is in a directory, in words; two directories that are the same have the same.</summary>
    public static string Tell(string directory)
    {
        var text = new StringBuilder();
        Tell(directory, "", text);
        return text.ToString();
    }

    private static void Write(string path, Random random)
    {
        if (Directory.Exists(path))
            return;
        File.Delete(path);
        byte[] content = new byte[random.Next(4) switch { 0 => 0, 1 => random.Next(10), 2 => 100, _ => random.Next(200_000) }];
        if (random.Next(3) > 0)
            random.NextBytes(content);
        File.WriteAllBytes(path, content);
        if (random.Next(3) == 0)
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    private static void Replace(string path, FileKind? kind, Random random)
    {
        Delete(path, kind);
        if (random.Next(3) == 0)
            Directory.CreateDirectory(path);
        else
            Write(path, random);
    }

    private static void Delete(string path, FileKind? kind)
    {
        if (kind == FileKind.Directory)
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }

    private static void Tell(string directory, string prefix, StringBuilder text)
    {
        foreach (DirectoryEntry entry in DirectoryEntries.Of(directory).OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            string path = $"{directory}/{entry.Name}";
            text.Append(prefix).Append(entry.Name).Append(' ').AppendLine(entry.Status.Kind switch
            {
                FileKind.File => $"file {entry.Status.IsExecutable} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))}",
                FileKind.Symlink => $"link {FileStatus.TargetOf(path)}",
                _ => entry.Status.Kind.ToString(),
            });
            if (entry.Status.Kind == FileKind.Directory)
                Tell(path, $"{prefix}{entry.Name}/", text);
        }
    }
}
