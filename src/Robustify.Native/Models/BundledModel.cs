using Robustify.Kernels;

namespace Robustify.Native.Models;

/// <summary>The pretrained model that comes with the project.</summary>
public static class BundledModel
{
    private const string Relative = "models/vit_fashion.safetensors";

    /// <summary>Its file: beside the executable, in a folder above it, or in or above the working directory.</summary>
    /// <exception cref="RobustifyException">It is in none of these.</exception>
    public static string Find()
    {
        foreach (string start in (ReadOnlySpan<string>)[AppContext.BaseDirectory, Directory.GetCurrentDirectory()])
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                string candidate = Path.Combine(folder.FullName, Relative);
                if (File.Exists(candidate))
                    return candidate;
            }
        }

        throw new RobustifyException($"{Relative}: not found beside the program nor above the working directory; name a model with --model");
    }
}
