namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>The operations that put objects together.</summary>
internal ref partial struct Unpickler
{
    private void Build(byte opcode)
    {
        switch (opcode)
        {
            case (byte)']':
                Push(new List<object?>());
                break;
            case (byte)'l':
                Push(new List<object?>(PopToMark()));
                break;
            case (byte)'a':
                Append([Pop()]);
                break;
            case (byte)'e':
                Append(PopToMark());
                break;
            case (byte)')':
                Push(Array.Empty<object?>());
                break;
            case (byte)'t':
                Push(PopToMark());
                break;
            case 0x85 or 0x86 or 0x87:
                var tuple = new object?[opcode - 0x84];
                for (int i = tuple.Length - 1; i >= 0; i--)
                    tuple[i] = Pop();
                Push(tuple);
                break;
            case (byte)'}':
                Push(new PickledDictionary());
                break;
            case (byte)'d':
                var entries = PopToMark();
                Push(new PickledDictionary());
                SetItems(entries);
                break;
            case (byte)'s':
                object? value = Pop();
                SetItems([Pop(), value]);
                break;
            case (byte)'u':
                SetItems(PopToMark());
                break;
            case (byte)'R':
                Call();
                break;
            case 0x81: // NEWOBJ makes a module as a call of its class does.
                Call();
                break;
            case (byte)'b':
                SetState();
                break;
            case (byte)'Q':
                Push(Storage(Pop()));
                break;
            default:
                throw Refuse($"has the operation 0x{opcode:x2} at byte {position - 1}", "those of tensors and containers expected");
        }
    }

    private void Append(object?[] items)
    {
        if (Peek() is not List<object?> list)
            throw Refuse($"appends to something at byte {position}", "a list expected");
        list.AddRange(items);
    }

    private void SetItems(object?[] pairs)
    {
        if (Peek() is not PickledDictionary dictionary || pairs.Length % 2 != 0)
            throw Refuse($"sets items of something at byte {position}", "a dictionary, keys and values expected");
        for (int i = 0; i < pairs.Length; i += 2)
            dictionary.Entries.Add((pairs[i], pairs[i + 1]));
    }

    private void SetState()
    {
        object? state = Pop();
        switch (Peek())
        {
            case PickledDictionary: // Its attributes (_metadata of a state dict) say nothing of the tensors.
                break;
            case PickledModule { Attributes: null } module:
                module.Attributes = state as PickledDictionary
                    ?? throw Refuse($"gives a module something else than attributes by name at byte {position}", "a dictionary expected");
                break;
            default:
                throw Refuse($"gives a state to something at byte {position}", "a dictionary or a module without one expected");
        }
    }

    private void Call()
    {
        object? arguments = Pop(), callee = Pop();
        if (callee is not PickledGlobal global || arguments is not object?[] given)
            throw Refuse($"calls something at byte {position}", "a way to build a tensor or container expected");
        Push((global, given) switch
        {
            (PickledGlobal.OrderedDictionary, []) => new PickledDictionary(),
            (PickledGlobal.OrderedDictionary, [List<object?> pairs]) => Ordered(pairs),
            (PickledGlobal.ScriptClass, []) => new PickledModule(),
            (PickledGlobal.Size, [object?[] shape]) => shape,
            (PickledGlobal.RebuildParameter, [PickledTensor tensor, ..]) => tensor,
            (PickledGlobal.RebuildTensor, [PickledStorage storage, long offset, object?[] shape, object?[] strides, ..])
                => new PickledTensor(storage, offset, Integers(shape), Integers(strides)),
            _ => throw Refuse($"calls {global} at byte {position} with {given.Length} other arguments", "those of torch.save expected"),
        });
    }

    private readonly PickledDictionary Ordered(List<object?> pairs)
    {
        var dictionary = new PickledDictionary();
        foreach (object? pair in pairs)
        {
            if (pair is not (object?[] { Length: 2 } or List<object?> { Count: 2 }))
                throw Refuse($"makes a dictionary of something at byte {position}", "pairs expected");
            var two = (IReadOnlyList<object?>)pair;
            dictionary.Entries.Add((two[0], two[1]));
        }

        return dictionary;
    }

    private readonly PickledStorage Storage(object? identity) =>
        identity is object?[] { Length: >= 5 } parts && parts[0] is "storage" && parts[1] is PickledStorageClass type && parts[2] is string key && parts[4] is long count
            ? new PickledStorage(type.DType, key, count)
            : throw Refuse($"refers to something outside at byte {position}", "a storage of the archive expected");

    private readonly long[] Integers(object?[] values)
    {
        if (values.Length > SafetensorsHeader.MaxRank)
            throw Refuse($"has a tensor of {values.Length} dimensions", $"at most {SafetensorsHeader.MaxRank} expected");
        var integers = new long[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            integers[i] = values[i] is long value and >= 0
                ? value
                : throw Refuse($"has an extent or stride that is no integer from 0 at byte {position}", "one expected");
        }

        return integers;
    }
}
