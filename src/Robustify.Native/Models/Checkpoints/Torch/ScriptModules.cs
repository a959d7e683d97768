using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// The tensors of a TorchScript module by the names that its state dict gives them: the attributes on the way, joined by dots. Attributes that
/// are no tensors and no modules are left out. A module may lie in several others, as PyTorch allows, but not in itself.
/// </summary>
internal ref struct ScriptModules
{
    // Published models nest seven modules deep, have some thousand attributes and names of at most a hundred characters. Modules that lie in
    // several others multiply, so a small file could ask for any number of names without these.
    private const int MaxDepth = 64;
    private const int MaxAttributes = 1 << 18;
    private const int MaxNameLength = 1024;
    private const int MaxNameLengths = 1 << 20;

    private readonly string path;
    private readonly List<(string Name, PickledTensor Tensor)> tensors;
    private readonly HashSet<PickledModule> above;
    private int attributes;
    private int nameLengths;

    private ScriptModules(string path)
    {
        this.path = path;
        tensors = [];
        above = [];
    }

    /// <summary>The tensors by name, in order; a name may occur twice.</summary>
    /// <exception cref="RobustifyException">A module lies in itself, or modules, attributes or names are beyond any model.</exception>
    public static List<(string Name, PickledTensor Tensor)> Tensors(string path, PickledModule root)
    {
        var walk = new ScriptModules(path);
        walk.Visit(root, "");
        return walk.tensors;
    }

    private void Visit(PickledModule module, string prefix)
    {
        if (!above.Add(module))
            throw Refuse($"module '{OneLine.Of(prefix.TrimEnd('.'))}' lies in itself, a tree of modules expected");
        if (above.Count > MaxDepth)
            throw Refuse($"has modules more than {MaxDepth} deep, fewer expected");
        foreach (var (key, value) in module.Attributes?.Entries ?? [])
        {
            if (++attributes > MaxAttributes)
                throw Refuse($"has more than {MaxAttributes} attributes, fewer expected");
            if (key is not string name || value is not (PickledTensor or PickledModule))
                continue;
            string full = Join(prefix, name);
            if (value is PickledTensor tensor)
                tensors.Add((full, tensor));
            else
                Visit((PickledModule)value, full + ".");
        }

        above.Remove(module);
    }

    private string Join(string prefix, string name)
    {
        int length = prefix.Length + name.Length;
        if (length > MaxNameLength)
            throw Refuse($"has a name of {length} characters, at most {MaxNameLength} expected");
        if ((nameLengths += length) > MaxNameLengths)
            throw Refuse($"has names of more than {MaxNameLengths} characters together, fewer expected");
        return prefix + name;
    }

    private readonly RobustifyException Refuse(string found) => new($"{path}: {found}; use an intact file of torch.jit.save");
}
