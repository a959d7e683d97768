using System.Numerics;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// How kernels over the columns of [rows, columns] are launched (Sections/columns.cuh): blocks of (column lanes, row groups), grid (column
/// tiles, chunks of rows). It depends on the shape and on whether wide accesses are possible, on nothing of the device, and so does every
/// order of addition.
/// </summary>
internal readonly struct ColumnGeometry
{
    private const int Threads = 256;
    private const int WarpLanes = 32;

    // Blocks in all: enough for a full card. Rows of a thread: few enough that a small tensor still makes many blocks.
    private const int MostBlocks = 1024;
    private const int FewestRowsPerThread = 4;

    /// <param name="rows">Rows of the tensor.</param>
    /// <param name="columns">Columns of the tensor.</param>
    /// <param name="type">Storage of the operands that are accessed wide.</param>
    /// <param name="aligned">Whether all their addresses are multiples of 16.</param>
    public ColumnGeometry(int rows, int columns, DType type, bool aligned)
    {
        int lanes = FlatGeometry.Lanes(type);
        Wide = aligned && columns % lanes == 0;
        int threadsAcross = (columns + (Wide ? lanes : 1) - 1) / (Wide ? lanes : 1);
        uint columnLanes = Math.Min(WarpLanes, BitOperations.RoundUpToPowerOf2((uint)threadsAcross)), rowGroups = Threads / columnLanes;
        uint tiles = ((uint)threadsAcross + columnLanes - 1) / columnLanes;
        long mostChunks = Math.Max(1, MostBlocks / tiles), rowsPerChunk = rowGroups * FewestRowsPerThread;
        Chunks = (int)Math.Clamp((rows + rowsPerChunk - 1) / rowsPerChunk, 1, mostChunks);
        Launch = new LaunchGeometry(tiles, (uint)Chunks, 1, columnLanes, rowGroups);
        Columns = columns;
    }

    /// <summary>Whether a thread owns 16 bytes of a row, instead of one element.</summary>
    public bool Wide { get; }

    /// <summary>Chunks of rows: partial sums a column.</summary>
    public int Chunks { get; }

    /// <summary>Columns of the tensor.</summary>
    public int Columns { get; }

    /// <summary>Grid and block.</summary>
    public LaunchGeometry Launch { get; }

    /// <summary>Grid and block of what joins <paramref name="sets"/> sets of partial sums.</summary>
    public LaunchGeometry Combine(int sets) => new((uint)(Columns + WarpLanes - 1) / WarpLanes, (uint)sets, 1, WarpLanes, 8);

    /// <summary>Bytes of <paramref name="sets"/> sets of partial sums.</summary>
    public long PartialBytes(int sets) => (long)sets * Chunks * Columns * sizeof(float);
}
