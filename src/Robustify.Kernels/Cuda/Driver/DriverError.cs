namespace Robustify.Kernels.Cuda.Driver;

/// <summary>Codes of the driver API that this program acts upon, and what a user can do about each.</summary>
internal static class DriverError
{
    public const int Success = 0;
    public const int OutOfMemory = 2;
    public const int NoDevice = 100;
    public const int InvalidDevice = 101;
    public const int InvalidImage = 200;
    public const int NoBinaryForDevice = 209;
    public const int IllegalAddress = 700;

    /// <summary>Whether the device itself stopped: unavailable, a memory error it cannot correct, a launch that never came back, or unknown.</summary>
    public static bool IsDeviceLost(int code) => code is 46 or 214 or 719 or 721 or 999;

    /// <summary>Whether the context is dead and only a new process goes on: a lost device, or a kernel that failed.</summary>
    public static bool IsFatal(int code) => IsDeviceLost(code) || code is IllegalAddress or >= 714 and <= 718;

    /// <summary>What to do, in words that follow "; ".</summary>
    public static string Remedy(int code) => code switch
    {
        OutOfMemory => "use a smaller --batch or model, or end other programs on the device (nvidia-smi lists them)",
        3 or 4 => "the driver is shutting down; start the program again",
        34 => "a stub of the toolkit was loaded instead of the driver; take its stubs folder off LD_LIBRARY_PATH",
        803 or 804 => "the driver and its library are of different versions; restart the machine after a driver update",
        NoDevice => "no NVIDIA device is visible; look at nvidia-smi and CUDA_VISIBLE_DEVICES, or use --device cpu",
        InvalidDevice => "choose a device that `robustify doctor` lists, or unset CUDA_VISIBLE_DEVICES",
        InvalidImage or NoBinaryForDevice or 218 or 222 => "the compiled kernels do not fit this driver; run `robustify cache --clear`, then update the driver",
        _ when IsDeviceLost(code) => "the device stopped; the run continues from its last checkpoint with a new process (nvidia-smi and dmesg say more)",
        _ when IsFatal(code) => "a kernel failed, which is a bug of this program; set CUDA_LAUNCH_BLOCKING=1 to see which, and report it",
        701 => "the kernel needs more registers or shared memory than this device has; report the device with `robustify doctor`",
        801 => "this driver does not offer it; update the driver",
        900 or 901 or 906 => "a call that may not happen inside a captured step was made, which is a bug of this program; report it",
        _ => "run `robustify doctor` and report its output",
    };
}
