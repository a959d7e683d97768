using System.Runtime.InteropServices;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity;

/// <summary>
/// One operand of a parity case: what it holds before, what the reference says it holds after, and where it lies while the case runs.
/// Values are kept in double, rounded to the operand's type, so that the reference starts from what the device reads.
/// </summary>
internal sealed class Operand(string name, OperandRole role, Shape shape, bool followsStorage, DType type, Func<uint, double> draw, int shift)
{
    /// <summary>For reports: the parameter's name.</summary>
    public string Name => name;

    /// <inheritdoc cref="OperandRole"/>
    public OperandRole Role => role;

    /// <summary>Extents.</summary>
    public Shape Shape => shape;

    /// <summary>Elements that the view lies away from an aligned address.</summary>
    public int Shift => shift;

    /// <summary>Type of the elements in the run at hand.</summary>
    public DType Type { get; private set; } = type;

    /// <summary>Before the operation.</summary>
    public double[] Values { get; private set; } = [];

    /// <summary>After it, by the reference.</summary>
    public double[] Expected { get; private set; } = [];

    /// <summary>In the device's memory; absent before the case runs.</summary>
    public TensorView View { get; set; }

    /// <summary>Bytes of the elements.</summary>
    public long Bytes => Shape.Count * Type.Size();

    public static implicit operator TensorView(Operand? operand) => operand?.View ?? default;

    /// <summary>Draws the values for a run whose activations are stored as <paramref name="storage"/>.</summary>
    public void Prepare(DType storage, uint number)
    {
        if (followsStorage)
            Type = storage;
        Values = new double[Shape.Count];
        for (int i = 0; i < Values.Length; i++)
        {
            uint word = Philox.Block(0x5EED, number, (uint)i, 0, 0).X;
            Values[i] = role == OperandRole.Output ? double.NaN : Round(draw(word));
        }
    }

    /// <summary>Puts a value in the place of a drawn one, rounded to the operand's type.</summary>
    public void Set(int i, double value) => Values[i] = Round(value);

    /// <summary>The reference begins with what the operand holds.</summary>
    public void Expect() => Expected = (double[])Values.Clone();

    /// <summary>The values as the device stores them.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[Bytes];
        for (int i = 0; i < Values.Length; i++)
        {
            if (Type == DType.Float64)
                MemoryMarshal.Cast<byte, double>(bytes.AsSpan())[i] = Values[i];
            else if (Type == DType.Float32)
                MemoryMarshal.Cast<byte, float>(bytes.AsSpan())[i] = (float)Values[i];
            else if (Type == DType.BFloat16)
                MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan())[i] = (ushort)(BitConverter.SingleToUInt32Bits((float)Values[i]) >> 16);
            else if (Type == DType.Int32)
                MemoryMarshal.Cast<byte, int>(bytes.AsSpan())[i] = (int)(double.IsNaN(Values[i]) ? int.MinValue : Values[i]);
            else
                bytes[i] = (byte)(double.IsNaN(Values[i]) ? 0 : Values[i]);
        }

        return bytes;
    }

    /// <summary>What the device stored, in double.</summary>
    public double[] Decode(byte[] bytes)
    {
        var values = new double[Shape.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Type switch
            {
                DType.Float64 => MemoryMarshal.Cast<byte, double>(bytes)[i],
                DType.Float32 => MemoryMarshal.Cast<byte, float>(bytes)[i],
                DType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Cast<byte, ushort>(bytes)[i] << 16),
                DType.Int32 => MemoryMarshal.Cast<byte, int>(bytes)[i],
                _ => bytes[i],
            };
        }

        return values;
    }

    /// <summary>The nearest value of the operand's type, ties to even.</summary>
    public double Round(double value)
    {
        if (Type is DType.Int32 or DType.UInt8)
            return Math.Round(value);
        if (Type == DType.Float64)
            return value;
        float single = (float)value;
        if (Type == DType.Float32)
            return single;
        uint bits = BitConverter.SingleToUInt32Bits(single);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }
}
