using System.Security.Cryptography;
using System.Text;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>The inputs of an action for a persistent process: laid out, and listed.</summary>
/// <param name="Command">The action's command.</param>
/// <param name="Files">All files, by their paths relative to the root.</param>
/// <param name="Tools">Stands for those of them that belong to the tool, with their paths; null if none does.</param>
internal sealed record StagedInputs(ActionCommand Command, IReadOnlyList<KeyValuePair<string, Digest>> Files, string? Tools)
{
    /// <summary>Lists the inputs of a tree that was read with all that is beneath.</summary>
    public static StagedInputs List(InputTree tree, ActionCommand command)
    {
        var files = new List<KeyValuePair<string, Digest>>();
        var tools = new StringBuilder();
        var todo = new Stack<(string Path, InputDirectory Directory, bool IsTool)>();
        todo.Push(("", tree.Root, tree.Root.IsTool));
        while (todo.TryPop(out (string Path, InputDirectory Directory, bool IsTool) next))
        {
            foreach (InputFile file in next.Directory.Files)
            {
                files.Add(KeyValuePair.Create(next.Path + file.Name, file.Key.Digest));
                if (next.IsTool || file.IsTool)
                    tools.Append(next.Path).Append(file.Name).Append('\0').Append(file.Key.Digest.Hash).Append(file.Key.Executable ? '*' : ' ').Append(file.Properties?.UnixMode).Append('\n');
            }

            foreach (InputSymlink link in next.Directory.Symlinks.Where(link => next.IsTool || link.IsTool))
                tools.Append(next.Path).Append(link.Name).Append("\0->\0").Append(link.Target).Append('\n');
            foreach (InputSubdirectory child in next.Directory.Directories)
                todo.Push(($"{next.Path}{child.Name}/", tree[child.Digest], next.IsTool || tree[child.Digest].IsTool));
        }

        return new StagedInputs(command, files, tools.Length == 0 ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tools.ToString()))));
    }
}
