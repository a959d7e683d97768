using System.Runtime.InteropServices;
using System.Text;
using Robustify.Kernels.Cuda.Libraries;

namespace Robustify.Kernels.Cuda.Nvrtc;

/// <summary>The run-time compiler as a table of addresses found at run time.</summary>
internal sealed unsafe class NvrtcApi
{
    private readonly delegate* unmanaged<int*, int*, int> version;
    private readonly delegate* unmanaged<int, byte*> getErrorString;
    private readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> createProgram;
    private readonly delegate* unmanaged<nint*, int> destroyProgram;
    private readonly delegate* unmanaged<nint, int, byte**, int> compileProgram;
    private readonly delegate* unmanaged<nint, nuint*, int> getCubinSize;
    private readonly delegate* unmanaged<nint, byte*, int> getCubin;
    private readonly delegate* unmanaged<nint, nuint*, int> getLogSize;
    private readonly delegate* unmanaged<nint, byte*, int> getLog;

    /// <param name="library">The compiler's library, found.</param>
    public NvrtcApi(LibrarySearch library)
    {
        Library = library;
        version = (delegate* unmanaged<int*, int*, int>)library.Entry("nvrtcVersion");
        getErrorString = (delegate* unmanaged<int, byte*>)library.Entry("nvrtcGetErrorString");
        createProgram = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)library.Entry("nvrtcCreateProgram");
        destroyProgram = (delegate* unmanaged<nint*, int>)library.Entry("nvrtcDestroyProgram");
        compileProgram = (delegate* unmanaged<nint, int, byte**, int>)library.Entry("nvrtcCompileProgram");
        getCubinSize = (delegate* unmanaged<nint, nuint*, int>)library.Entry("nvrtcGetCUBINSize");
        getCubin = (delegate* unmanaged<nint, byte*, int>)library.Entry("nvrtcGetCUBIN");
        getLogSize = (delegate* unmanaged<nint, nuint*, int>)library.Entry("nvrtcGetProgramLogSize");
        getLog = (delegate* unmanaged<nint, byte*, int>)library.Entry("nvrtcGetProgramLog");
        int major, minor;
        Check(version(&major, &minor), "nvrtcVersion");
        Version = $"{major}.{minor}";
    }

    /// <summary>Where the table came from.</summary>
    public LibrarySearch Library { get; }

    /// <summary>Major and minor number: <c>13.0</c>.</summary>
    public string Version { get; }

    /// <summary>Compiles one text to machine code of one architecture.</summary>
    /// <param name="source">CUDA C++.</param>
    /// <param name="name">The name errors give the text.</param>
    /// <param name="options">Command-line options.</param>
    /// <exception cref="CudaException">The text does not compile; the message carries the first errors of the compiler's log.</exception>
    public byte[] Compile(string source, string name, ReadOnlySpan<string> options)
    {
        nint program;
        fixed (byte* text = Terminated(source))
        fixed (byte* title = Terminated(name))
            Check(createProgram(&program, text, title, 0, null, null), "nvrtcCreateProgram");
        byte** arguments = stackalloc byte*[options.Length];
        for (int i = 0; i < options.Length; i++)
            arguments[i] = (byte*)Marshal.StringToCoTaskMemUTF8(options[i]);
        try
        {
            int code = compileProgram(program, options.Length, arguments);
            if (code != 0)
                throw Failure(code, "nvrtcCompileProgram", Log(program));
            nuint bytes;
            Check(getCubinSize(program, &bytes), "nvrtcGetCUBINSize");
            var cubin = new byte[bytes];
            fixed (byte* destination = cubin)
                Check(getCubin(program, destination), "nvrtcGetCUBIN");
            return cubin;
        }
        finally
        {
            for (int i = 0; i < options.Length; i++)
                Marshal.FreeCoTaskMem((nint)arguments[i]);
            _ = destroyProgram(&program);
        }
    }

    private string Log(nint program)
    {
        nuint bytes;
        if (getLogSize(program, &bytes) != 0 || bytes == 0)
            return "";
        var log = new byte[bytes];
        fixed (byte* destination = log)
        {
            if (getLog(program, destination) != 0)
                return "";
        }

        return Encoding.UTF8.GetString(log).TrimEnd('\0');
    }

    private void Check(int code, string call)
    {
        if (code != 0)
            throw Failure(code, call, "");
    }

    private CudaException Failure(int code, string call, string log)
    {
        // The log may be long: the first errors say what to mend.
        string[] lines = [.. log.Split('\n').Where(line => line.Contains("error", StringComparison.Ordinal)).Take(3)];
        string told = lines.Length == 0 ? log.ReplaceLineEndings(" ").Trim() : string.Join(" | ", lines.Select(line => line.Trim()));
        const string remedy = "install NVRTC of a CUDA version that knows this device (12.8 or newer knows them all), or report it";
        return new CudaException(call, code, $"{call}: error {code} {Marshal.PtrToStringUTF8((nint)getErrorString(code))} ({told}); {remedy}");
    }

    private static byte[] Terminated(string text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
