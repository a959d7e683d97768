// A convolution as a matrix product that is never written down (implicit GEMM). Images are [samples, high, wide, channels], the weight is
// [outputs, kernel, kernel, channels]. A row of the product is a position of an image; its elements, the depth, run over (tap row, tap
// column, channel) and are gathered from another image:
//   forward        row: a position of y;  gathered: x at position stride - padding + tap
//   data gradient  row: a position of x;  gathered: dy at (position + padding - tap) / stride where that divides. Positions with one
//                  remainder modulo the stride share their taps, so each remainder is a product of its own and nothing is multiplied by zero.
// Element offsets fit an int: a tensor has fewer than 2^31 elements.

/// The numbers of a convolution as every kernel of the group takes them.
struct ConvolutionShape
{
    int samples, high, wide, channels;      // x
    int outputHigh, outputWide, outputs;    // y
    int kernel, stride, padding;
};

/// How rows of the product gather.
struct ConvolutionWindow
{
    int samples, rowsHigh, rowsWide;             // the positions that are rows
    int sourceHigh, sourceWide, channels;        // the gathered image
    int scale, offsetHigh, offsetWide, direction; // gathered position = row's position scale + offset + direction tap
    int tapsHigh, tapsWide;

    DEVICE int rows() const { return samples * rowsHigh * rowsWide; }
    DEVICE int depth() const { return tapsHigh * tapsWide * channels; }

    static DEVICE ConvolutionWindow forward(const ConvolutionShape& s)
    {
        return ConvolutionWindow{
            s.samples, s.outputHigh, s.outputWide, s.high, s.wide, s.channels, s.stride, -s.padding, -s.padding, 1, s.kernel, s.kernel};
    }

    /// Positions of x with these remainders modulo the stride; their first tap is (position + padding) modulo the stride.
    static DEVICE ConvolutionWindow gradient(const ConvolutionShape& s, int remainderHigh, int remainderWide)
    {
        int tapHigh = firstTap(s, remainderHigh), tapWide = firstTap(s, remainderWide);
        return ConvolutionWindow{
            s.samples, positions(s, s.high, remainderHigh), positions(s, s.wide, remainderWide), s.outputHigh, s.outputWide, s.outputs, 1,
            (remainderHigh + s.padding - tapHigh) / s.stride, (remainderWide + s.padding - tapWide) / s.stride, -1, taps(s, tapHigh),
            taps(s, tapWide)};
    }

    static DEVICE int firstTap(const ConvolutionShape& s, int remainder) { return (remainder + s.padding) % s.stride; }
    static DEVICE int taps(const ConvolutionShape& s, int first) { return first < s.kernel ? ceilDivide(s.kernel - first, s.stride) : 0; }
    static DEVICE int positions(const ConvolutionShape& s, int side, int remainder)
    {
        return remainder < side ? ceilDivide(side - remainder, s.stride) : 0;
    }
};

/// A place in the depth of the product, moved along without divisions. Beyond the end `high` is at least tapsHigh.
struct ConvolutionTap
{
    int high, wide, channel;

    DEVICE void advance(int elements, const ConvolutionWindow& window)
    {
        channel += elements;
        while (channel >= window.channels)
        {
            channel -= window.channels;
            if (++wide == window.tapsWide)
            {
                wide = 0;
                high++;
            }
        }
    }
};

/// A row of the product, moved along without divisions.
struct ConvolutionRow
{
    int sample, high, wide;

    static DEVICE ConvolutionRow at(int row, const ConvolutionWindow& window)
    {
        int positions = window.rowsHigh * window.rowsWide, position = row % positions;
        return ConvolutionRow{row / positions, position / window.rowsWide, position % window.rowsWide};
    }

    DEVICE void advance(int rows, const ConvolutionWindow& window)
    {
        wide += rows;
        while (wide >= window.rowsWide)
        {
            wide -= window.rowsWide;
            if (++high == window.rowsHigh)
            {
                high = 0;
                sample++;
            }
        }
    }

    /// The gathered element's offset; negative where it is padding, past the last tap or past the last row.
    DEVICE int gather(const ConvolutionTap& tap, const ConvolutionWindow& window) const
    {
        int sourceHigh = high * window.scale + window.offsetHigh + window.direction * tap.high;
        int sourceWide = wide * window.scale + window.offsetWide + window.direction * tap.wide;
        bool present = sample < window.samples && tap.high < window.tapsHigh && (u32)sourceHigh < (u32)window.sourceHigh
            && (u32)sourceWide < (u32)window.sourceWide;
        return present ? ((sample * window.sourceHigh + sourceHigh) * window.sourceWide + sourceWide) * window.channels + tap.channel : -1;
    }
};

/// What a block of the forward product or of the data gradient computes: its window, and where weights and results lie.
template<bool GRADIENT> struct ConvolutionProduct
{
    ConvolutionShape shape;
    ConvolutionWindow window;
    int remainderHigh, remainderWide;

    /// blockIdx.z numbers the remainders of the data gradient.
    DEVICE ConvolutionProduct(const ConvolutionShape& s)
        : shape(s), remainderHigh(GRADIENT ? (int)blockIdx.z / s.stride : 0), remainderWide(GRADIENT ? (int)blockIdx.z % s.stride : 0)
    {
        window = GRADIENT ? ConvolutionWindow::gradient(s, remainderHigh, remainderWide) : ConvolutionWindow::forward(s);
    }

    DEVICE int columns() const { return GRADIENT ? shape.channels : shape.outputs; }

    /// Offset of the weight at a place in the depth for column 0; for the data gradient columns lie side by side, else depth does.
    DEVICE int weight(const ConvolutionTap& tap) const
    {
        int tapHigh = ConvolutionWindow::firstTap(shape, remainderHigh) + shape.stride * tap.high;
        int tapWide = ConvolutionWindow::firstTap(shape, remainderWide) + shape.stride * tap.wide;
        return ((tap.channel * shape.kernel + tapHigh) * shape.kernel + tapWide) * shape.channels;
    }

    /// Offset of a row's first result.
    DEVICE int result(int row) const
    {
        if (!GRADIENT)
            return row * shape.outputs;
        ConvolutionRow at = ConvolutionRow::at(row, window);
        int high = at.high * shape.stride + remainderHigh, wide = at.wide * shape.stride + remainderWide;
        return ((at.sample * shape.high + high) * shape.wide + wide) * shape.channels;
    }
};
