using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// Reads a pickle of PyTorch. It is no general unpickler: it builds numbers, texts, containers, descriptions of tensors and, for
/// TorchScript, holders of attributes, and refuses every global that is not listed by name. What the objects take is counted, so that a
/// file cannot ask for more than twice its size.
/// Source of the opcodes: CPython's Lib/pickletools.py, protocols 2 to 5.
/// </summary>
internal ref partial struct Unpickler
{
    /// <summary>A pickle holds names and shapes, no weights: the largest published state dicts have some hundred kilobytes.</summary>
    public const int MaxBytes = 32 << 20;

    // For a small file, whose many small objects are larger than their text: enough for 3000 tensors of one element.
    private const long FixedBudget = 4 << 20;

    private const int MaxOperations = 1 << 22;
    private static readonly object Mark = new();
    private static readonly object[] SmallIntegers = [.. Enumerable.Range(0, 256).Select(i => (object)(long)i)];

    private readonly string path;
    private readonly ReadOnlySpan<byte> bytes;
    private readonly List<object?> stack;
    private readonly Dictionary<uint, object?> memo;
    private readonly Dictionary<string, PickledStorage>? storages;
    private readonly long budget;
    private int position;
    private int operations;
    private int highest;
    private long spent;

    private Unpickler(string path, ReadOnlySpan<byte> bytes, long fileLength, Dictionary<string, PickledStorage>? storages)
    {
        this.path = path;
        this.bytes = bytes;
        this.storages = storages;
        budget = fileLength + FixedBudget; // A list that grows lies in memory twice while it is copied.
        stack = [];
        memo = [];
    }

    /// <summary>The one object the pickle at the start of the bytes holds, and the pickle's length.</summary>
    /// <param name="path">The file as messages show it.</param>
    /// <param name="bytes">From the pickle's first byte; more may follow it.</param>
    /// <param name="fileLength">Bytes of the whole file, which bound what the objects may take.</param>
    /// <param name="storages">Gets the storages that the pickle refers to; null where nobody asks.</param>
    /// <exception cref="RobustifyException">The pickle is damaged, or names a global that is not known.</exception>
    public static (object? Root, int Length) Read(
        string path, ReadOnlySpan<byte> bytes, long fileLength, Dictionary<string, PickledStorage>? storages = null)
    {
        var unpickler = new Unpickler(path, bytes, fileLength, storages);
        object? root = unpickler.Run();
        return (root, unpickler.position);
    }

    private object? Run()
    {
        while (true)
        {
            byte opcode = Take(1)[0];
            if (opcode == '.')
                return Pop();
            if (++operations > MaxOperations)
                throw Refuse($"has more than {MaxOperations} operations", "fewer expected");
            Execute(opcode);
        }
    }

    private void Execute(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: // PROTO
                if (Take(1)[0] is var protocol and (< 2 or > 5))
                    throw Refuse($"is of protocol {protocol}", "2 to 5 expected");
                break;
            case 0x95: // FRAME
                Take(8);
                break;
            case (byte)'(':
                Push(Mark);
                break;
            case (byte)'0':
                Pop();
                break;
            case (byte)'1':
                PopToMark();
                break;
            case (byte)'2':
                Push(Peek());
                break;
            case (byte)'N':
                Push(null);
                break;
            case 0x88 or 0x89:
                Push(opcode == 0x88);
                break;
            case (byte)'J':
                PushInteger(BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case (byte)'K':
                PushInteger(Take(1)[0]);
                break;
            case (byte)'M':
                PushInteger(BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case 0x8a:
                PushLong(Take(Take(1)[0]));
                break;
            case 0x8b:
                PushLong(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case (byte)'G':
                Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                break;
            case (byte)'X' or (byte)'T':
                PushText(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case 0x8c or (byte)'U':
                PushText(Take(1)[0]);
                break;
            case 0x8d:
                PushText(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)));
                break;
            case (byte)'C': // Bytes have no use in a state dict: they are passed over.
                Take(Take(1)[0]);
                Push(null);
                break;
            case (byte)'B':
                Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                Push(null);
                break;
            case 0x8e or 0x96:
                Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)));
                Push(null);
                break;
            case (byte)'c':
                PushGlobal(TakeLine(), TakeLine());
                break;
            case 0x93:
                string name = PopText();
                PushGlobal(PopText(), name);
                break;
            case (byte)'q':
                Remember(Take(1)[0]);
                break;
            case (byte)'r':
                Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case 0x94:
                Remember((uint)memo.Count);
                break;
            case (byte)'h':
                PushMemo(Take(1)[0]);
                break;
            case (byte)'j':
                PushMemo(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            default:
                Build(opcode);
                break;
        }
    }

    /// <summary>Counts about what an object takes before it is made.</summary>
    private void Spend(long size)
    {
        spent += size;
        if (spent > budget)
            throw Refuse($"asks for more than {budget} bytes of objects", "about the file's size at most");
    }

    private void Remember(uint key)
    {
        Spend(48);
        memo[key] = Peek();
    }

    private void PushInteger(long value)
    {
        Spend(24);
        Push(value is >= 0 and < 256 ? SmallIntegers[value] : value);
    }

    private void PushLong(ReadOnlySpan<byte> little)
    {
        if (little.Length > 8) // A seed, say: no extent and no offset.
        {
            Push(null);
            return;
        }

        long value = little.Length > 0 && little[^1] >= 0x80 ? -1 : 0;
        for (int i = little.Length - 1; i >= 0; i--)
            value = (value << 8) | little[i];
        PushInteger(value);
    }

    private void PushText(ulong length)
    {
        var text = Take(length);
        Spend(32 + 2L * text.Length);
        Push(Encoding.UTF8.GetString(text));
    }

    private void PushGlobal(string module, string name)
    {
        Spend(64 + 4L * (module.Length + name.Length));
        Push(PickledGlobals.Find(module, name) ?? throw new RobustifyException(
            $"{path}: the pickle names '{OneLine.Of($"{module}.{name}")}', which could run code; tensors and containers alone are read, "
            + "save the state dict alone (torch.save(model.state_dict(), FILE)) or as safetensors"));
    }

    private void PushMemo(uint key) => Push(memo.TryGetValue(key, out object? value) ? value : throw Refuse($"uses entry {key}", "one set before expected"));

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(bytes.Length - position))
            throw Refuse($"ends at byte {bytes.Length}", $"{count} bytes expected at byte {position}");
        var taken = bytes.Slice(position, (int)count);
        position += (int)count;
        return taken;
    }

    private string TakeLine()
    {
        int length = bytes[position..].IndexOf((byte)'\n');
        if (length < 0)
            throw Refuse($"ends in the name at byte {position}", "a line end expected");
        string line = Encoding.UTF8.GetString(Take((ulong)length));
        position++;
        return line;
    }

    private void Push(object? value)
    {
        if (stack.Count == highest)
        {
            highest++;
            Spend(16);
        }

        stack.Add(value);
    }

    private object? Peek() => stack.Count > 0 && stack[^1] != Mark ? stack[^1] : throw Refuse($"has an empty stack at byte {position}", "an object expected");

    private object? Pop()
    {
        object? top = Peek();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private string PopText() => Pop() as string ?? throw Refuse($"has no text at byte {position}", "a name expected");

    private object?[] PopToMark()
    {
        int mark = stack.LastIndexOf(Mark);
        if (mark < 0)
            throw Refuse($"has no mark at byte {position}", "one expected");
        Spend(24 + 8L * (stack.Count - mark));
        object?[] items = CollectionsMarshal.AsSpan(stack)[(mark + 1)..].ToArray();
        stack.RemoveRange(mark, stack.Count - mark);
        return items;
    }

    private readonly RobustifyException Refuse(string found, string expected) =>
        new($"{path}: the pickle {found}, {expected}; use an intact file of torch.save");
}
