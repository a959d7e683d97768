using Robustify.Kernels.Tensors;

namespace Robustify.Native.Tests.Devices;

/// <summary>The operations of image and text embeddings, passed on to the CPU.</summary>
internal sealed partial class SeparateMemory
{
    public void SelectRows(TensorView table, TensorView rows, TensorView y) => Do(() => cpu.SelectRows(At(table), At(rows), At(y)));

    public void SelectRowsGradient(TensorView dy, TensorView rows, TensorView dtable, bool accumulate) =>
        Do(() => cpu.SelectRowsGradient(At(dy), At(rows), At(dtable), accumulate));

    public void NormalizeRows(TensorView x, TensorView y, TensorView reciprocalNorm) =>
        Do(() => cpu.NormalizeRows(At(x), At(y), At(reciprocalNorm)));

    public void NormalizeRowsGradient(TensorView dy, TensorView y, TensorView reciprocalNorm, TensorView dx, bool accumulate) =>
        Do(() => cpu.NormalizeRowsGradient(At(dy), At(y), At(reciprocalNorm), At(dx), accumulate));

    public void ScaleByExponential(TensorView x, TensorView exponent, TensorView y) =>
        Do(() => cpu.ScaleByExponential(At(x), At(exponent), At(y)));

    public void ScaleByExponentialGradient(
        TensorView dy, TensorView y, TensorView exponent, TensorView dx, TensorView dexponent, bool accumulateInput, bool accumulateExponent) =>
        Do(() => cpu.ScaleByExponentialGradient(At(dy), At(y), At(exponent), At(dx), At(dexponent), accumulateInput, accumulateExponent));

    public void AveragePool(TensorView x, TensorView y, int window) => Do(() => cpu.AveragePool(At(x), At(y), window));

    public void AveragePoolGradient(TensorView dy, TensorView dx, int window, bool accumulate) =>
        Do(() => cpu.AveragePoolGradient(At(dy), At(dx), window, accumulate));

    public void PrependMean(TensorView x, TensorView y) => Do(() => cpu.PrependMean(At(x), At(y)));

    public void PrependMeanGradient(TensorView dy, TensorView dx, bool accumulate) =>
        Do(() => cpu.PrependMeanGradient(At(dy), At(dx), accumulate));
}
