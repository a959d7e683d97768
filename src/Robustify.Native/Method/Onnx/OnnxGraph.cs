using Robustify.Native.Files;

namespace Robustify.Native.Method.Onnx;

/// <summary>Collects the nodes of an ONNX model and writes it. Field numbers are those of onnx/onnx.proto (IR version 8, opset 17).</summary>
internal sealed class OnnxGraph
{
    private const int IrVersion = 8;
    private const int Opset = 17;
    private const int FloatType = 1;
    private const int LongType = 7;

    private readonly List<Action<ProtobufWriter>> nodes = [];
    private readonly List<Action<ProtobufWriter>> initializers = [];
    private readonly List<(string Name, int Type, long[] Shape)> inputs = [];
    private readonly List<(string Name, int Type, long[] Shape)> outputs = [];
    private readonly SortedDictionary<string, string> metadata = new(StringComparer.Ordinal);
    private int names;

    /// <summary>An input of floats; the first extent is the batch, free where negative.</summary>
    public string Input(string name, params long[] shape)
    {
        inputs.Add((name, FloatType, shape));
        return name;
    }

    /// <summary>Names a value as an output.</summary>
    public void Output(string name, string value, bool isInteger, params long[] shape)
    {
        Node("Identity", [value], name);
        outputs.Add((name, isInteger ? LongType : FloatType, shape));
    }

    /// <summary>A free entry of text.</summary>
    public void SetMetadata(string key, string value) => metadata[key] = value;

    /// <summary>Constant floats.</summary>
    public string Constant(string name, ReadOnlySpan<long> shape, float[] values) => Initializer(name, FloatType, shape, w => w.Singles(9, values));

    /// <summary>Constant integers, a vector.</summary>
    public string Integers(params long[] values) => Initializer($"integers.{names++}", LongType, [values.Length], w => w.Longs(9, values));

    /// <summary>A constant scalar.</summary>
    public string Scalar(float value) => Initializer($"scalar.{names++}", FloatType, [], w => w.Singles(9, [value]));

    /// <summary>A node of one output.</summary>
    /// <param name="type">The operator's name.</param>
    /// <param name="operands">Its inputs.</param>
    /// <param name="output">The name of its output; null for a fresh one.</param>
    /// <param name="attributes">Integers, floats or vectors of integers by name.</param>
    public string Node(string type, string[] operands, string? output = null, params (string Name, object Value)[] attributes) =>
        Nodes(type, operands, [output ?? $"{type.ToLowerInvariant()}.{names++}"], attributes)[0];

    /// <summary>A node of several outputs.</summary>
    public string[] Nodes(string type, string[] operands, string[] results, params (string Name, object Value)[] attributes)
    {
        nodes.Add(writer =>
        {
            foreach (string operand in operands)
                writer.Text(1, operand);
            foreach (string result in results)
                writer.Text(2, result);
            writer.Text(4, type);
            foreach (var (name, value) in attributes)
                writer.Message(5, w => Attribute(w, name, value));
        });
        return results;
    }

    /// <summary>Writes the file whole or not at all.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        var writer = new ProtobufWriter(stream);
        writer.Integer(1, IrVersion);
        writer.Text(2, "robustify");
        writer.Message(7, Graph);
        writer.Message(8, opset =>
        {
            opset.Text(1, "");
            opset.Integer(2, Opset);
        });
        foreach (var (key, value) in metadata)
        {
            writer.Message(14, entry =>
            {
                entry.Text(1, key);
                entry.Text(2, value);
            });
        }
    });

    private string Initializer(string name, int type, ReadOnlySpan<long> shape, Action<ProtobufWriter> data)
    {
        long[] extents = shape.ToArray();
        initializers.Add(writer =>
        {
            foreach (long extent in extents)
                writer.Integer(1, extent);
            writer.Integer(2, type);
            writer.Text(8, name);
            data(writer);
        });
        return name;
    }

    private void Graph(ProtobufWriter writer)
    {
        foreach (var node in nodes)
            writer.Message(1, node);
        writer.Text(2, "model");
        foreach (var initializer in initializers)
            writer.Message(5, initializer);
        foreach (var input in inputs)
            writer.Message(11, w => Value(w, input));
        foreach (var output in outputs)
            writer.Message(12, w => Value(w, output));
    }

    private static void Attribute(ProtobufWriter writer, string name, object value)
    {
        writer.Text(1, name);
        switch (value)
        {
            case float single:
                writer.Single(2, single);
                writer.Integer(20, 1);
                break;
            case long integer:
                writer.Integer(3, integer);
                writer.Integer(20, 2);
                break;
            default:
                foreach (long element in (long[])value)
                    writer.Integer(8, element);
                writer.Integer(20, 7);
                break;
        }
    }

    private static void Value(ProtobufWriter writer, (string Name, int Type, long[] Shape) value)
    {
        writer.Text(1, value.Name);
        writer.Message(2, type => type.Message(1, tensor =>
        {
            tensor.Integer(1, value.Type);
            tensor.Message(2, shape =>
            {
                foreach (long extent in value.Shape)
                {
                    shape.Message(1, dimension =>
                    {
                        if (extent < 0)
                            dimension.Text(2, "batch");
                        else
                            dimension.Integer(1, extent);
                    });
                }
            });
        }));
    }
}
