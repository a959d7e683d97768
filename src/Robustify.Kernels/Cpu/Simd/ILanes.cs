namespace Robustify.Kernels.Cpu.Simd;

/// <summary>
/// The operations that kernels need of a vector of floats, so that a kernel is written once and compiled for each width. Implementations
/// are empty structs: as type arguments they cost nothing. Every operation is the same function of each lane at every width, so an
/// element's result does not depend on where in an array it lies.
/// </summary>
internal unsafe interface ILanes<TVector>
    where TVector : struct
{
    static abstract int Width { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Broadcast(float value);

    static abstract TVector Load(float* source);

    static abstract void Store(TVector value, float* destination);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>a b + c with one rounding.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    static abstract TVector Max(TVector a, TVector b);

    static abstract TVector Min(TVector a, TVector b);

    static abstract TVector Sqrt(TVector a);

    static abstract TVector Exp(TVector a);

    /// <summary>value where test > 0, else 0.</summary>
    static abstract TVector WherePositive(TVector test, TVector value);

    static abstract float Sum(TVector a);
}
