namespace Robustify.Kernels.Cpu.Gemm;

/// <summary>
/// C (+)= op(A) op(B) for operands given as panel sources: pack B once, then share out blocks of C. A block is finished wholly by one
/// worker in a fixed order of depth, so the bits do not depend on the number of workers.
/// </summary>
internal unsafe struct Product<TA, TB, TEpilogue>
    where TA : struct, IPanelSource
    where TB : struct, IPanelSource
    where TEpilogue : struct, IEpilogue
{
    public required int M, N, K;
    public required TA A;
    public required TB B;
    public required float* C;
    public required int Stride;
    public required bool Accumulate;
    public required TEpilogue Epilogue;

    /// <summary>Runs on all workers. Shared: <see cref="BlockSizes.SharedFloats"/>; worker scratch: <see cref="BlockSizes.WorkerFloats"/> each.</summary>
    public readonly void Run(CpuThreads threads, float* shared, float*[] workerScratch)
    {
        for (int column = 0; column < N; column += BlockSizes.Columns)
        {
            int columns = Math.Min(BlockSizes.Columns, N - column);
            for (int k = 0; k < K; k += BlockSizes.Depth)
            {
                int depth = Math.Min(BlockSizes.Depth, K - k);
                var packing = new PackB { Source = B, Destination = shared, FirstColumn = column, Columns = columns, K0 = k, Depth = depth };
                int panels = (columns + MicroKernel.Columns - 1) / MicroKernel.Columns;
                threads.For((panels + PackB.PanelsPerPiece - 1) / PackB.PanelsPerPiece, ref packing);

                int rowBlocks = (M + BlockSizes.Rows - 1) / BlockSizes.Rows;
                int columnBlocks = (columns + BlockSizes.PieceColumns - 1) / BlockSizes.PieceColumns;
                var blocks = new Blocks
                {
                    Product = this, PackedB = shared, Scratch = workerScratch, FirstColumn = column, Columns = columns, K0 = k, Depth = depth,
                    ColumnBlocks = rowBlocks >= EnoughRowBlocks ? 1 : columnBlocks,
                };
                threads.For(rowBlocks * blocks.ColumnBlocks, ref blocks);
            }
        }
    }

    // With this many row blocks the work shares out evenly enough over a crew without packing A more than once.
    private const int EnoughRowBlocks = 16;

    private struct PackB : IParallelBody
    {
        public const int PanelsPerPiece = 4;

        public TB Source;
        public float* Destination;
        public int FirstColumn, Columns, K0, Depth;

        public readonly void Invoke(int index, int worker)
        {
            int first = index * PanelsPerPiece * MicroKernel.Columns;
            int count = Math.Min(PanelsPerPiece * MicroKernel.Columns, Columns - first);
            Source.Pack(Destination + (long)first * Depth, FirstColumn + first, count, K0, Depth, MicroKernel.Columns);
        }
    }

    private struct Blocks : IParallelBody
    {
        public Product<TA, TB, TEpilogue> Product;
        public float* PackedB;
        public float*[] Scratch;
        public int FirstColumn, Columns, K0, Depth, ColumnBlocks;

        public readonly void Invoke(int index, int worker)
        {
            int row = index / ColumnBlocks * BlockSizes.Rows;
            int rows = Math.Min(BlockSizes.Rows, Product.M - row);
            int first = ColumnBlocks == 1 ? 0 : index % ColumnBlocks * BlockSizes.PieceColumns;
            int end = ColumnBlocks == 1 ? Columns : Math.Min(Columns, first + BlockSizes.PieceColumns);
            float* packedA = Scratch[worker];
            Product.A.Pack(packedA, row, rows, K0, Depth, MicroKernel.Rows);

            bool accumulate = Product.Accumulate || K0 > 0;
            for (int column = first; column < end; column += MicroKernel.Columns)
            {
                float* b = PackedB + (long)column * Depth;
                int columns = Math.Min(MicroKernel.Columns, end - column);
                for (int r = 0; r < rows; r += MicroKernel.Rows)
                {
                    float* c = Product.C + (long)(row + r) * Product.Stride + FirstColumn + column;
                    MicroKernel.Tile(
                        Depth, packedA + (long)r * Depth, b, c, Product.Stride, Math.Min(MicroKernel.Rows, rows - r), columns, accumulate);
                }
            }

            if (K0 + Depth == Product.K)
                Product.Epilogue.Finish(row, rows, FirstColumn + first, end - first);
        }
    }
}
