namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>The operations that put objects together.</summary>
internal ref partial struct Unpickler
{
    private void Build(byte opcode)
    {
        switch (opcode)
        {
            case (byte)']' or 0x8f: // A set is as good as a list here.
                Spend(32);
                Push(new List<object?>());
                break;
            case (byte)'l':
                Push(new List<object?>(PopToMark()));
                break;
            case (byte)'a':
                Append([Pop()]);
                break;
            case (byte)'e' or 0x90:
                Append(PopToMark());
                break;
            case (byte)')':
                Push(Array.Empty<object?>());
                break;
            case (byte)'t' or 0x91:
                Push(PopToMark());
                break;
            case 0x85 or 0x86 or 0x87:
                Spend(48);
                var tuple = new object?[opcode - 0x84];
                for (int i = tuple.Length - 1; i >= 0; i--)
                    tuple[i] = Pop();
                Push(tuple);
                break;
            case (byte)'}':
                Push(NewDictionary());
                break;
            case (byte)'d':
                var entries = PopToMark();
                Push(NewDictionary());
                SetItems(entries);
                break;
            case (byte)'s':
                object? value = Pop();
                SetItems([Pop(), value]);
                break;
            case (byte)'u':
                SetItems(PopToMark());
                break;
            case (byte)'R' or 0x81: // NEWOBJ makes a module as a call of its class does.
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

    private PickledDictionary NewDictionary()
    {
        Spend(64);
        return new PickledDictionary();
    }

    private void Append(object?[] items)
    {
        object? top = Peek();
        if (top is PickledData)
            return;
        if (top is not List<object?> list)
            throw Refuse($"appends to something at byte {position}", "a list expected");
        Spend(16L * items.Length);
        list.AddRange(items);
    }

    private void SetItems(object?[] pairs)
    {
        object? top = Peek();
        if (top is PickledData)
            return;
        if (top is not PickledDictionary dictionary || pairs.Length % 2 != 0)
            throw Refuse($"sets items of something at byte {position}", "a dictionary, keys and values expected");
        Spend(16L * pairs.Length);
        for (int i = 0; i < pairs.Length; i += 2)
            dictionary.Entries.Add((pairs[i], pairs[i + 1]));
    }

    private void SetState()
    {
        object? state = Pop();
        switch (Peek())
        {
            case PickledDictionary or PickledData: // Its attributes (_metadata of a state dict) say nothing of the tensors.
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
        if (arguments is not object?[] given || callee is not (PickledGlobal or PickledData))
            throw Refuse($"calls something at byte {position}", "a way to build a tensor or container expected");
        Push(callee is PickledGlobal global ? Make(global, given) : callee);
    }

    private object Make(PickledGlobal global, object?[] given) => (global, given) switch
    {
        (PickledGlobal.OrderedDictionary, []) or (PickledGlobal.DefaultDictionary, [] or [PickledData]) => NewDictionary(),
        (PickledGlobal.OrderedDictionary, [List<object?> pairs]) => Ordered(pairs),
        (PickledGlobal.ScriptClass, []) => NewModule(),
        (PickledGlobal.Size, [object?[] shape]) => shape,
        (PickledGlobal.RebuildParameter, [PickledTensor tensor, ..]) => tensor,
        (PickledGlobal.RebuildParameter, [PickledData tensor, ..]) => tensor,
        (PickledGlobal.RebuildTensor, [PickledStorage storage, long offset, object?[] shape, object?[] strides, ..])
            => Tensor(storage, offset, shape, strides, given.AsSpan(Math.Min(given.Length, 6))),
        (PickledGlobal.RebuildTypedTensor, [PickledStorage storage, long offset, object?[] shape, object?[] strides, _, _, PickledStorageClass type, ..])
            => Tensor(storage.As(type.DType), offset, shape, strides, given.AsSpan(7)),
        (PickledGlobal.RebuildSubclass, [PickledGlobal.RebuildTensor or PickledGlobal.RebuildTypedTensor, PickledData, object?[] within, _])
            => Make((PickledGlobal)given[0]!, within),
        _ => throw Refuse($"calls {global} at byte {position} with {given.Length} other arguments", "those of torch.save expected"),
    };

    private PickledModule NewModule()
    {
        Spend(24);
        return new PickledModule();
    }

    private PickledTensor Tensor(PickledStorage storage, long offset, object?[] shape, object?[] strides, ReadOnlySpan<object?> bits)
    {
        if (bits.Length > 0 && bits[0] is not (null or PickledDictionary { Entries.Count: 0 }))
            throw Refuse($"has a tensor that is to be conjugated or negated at byte {position}", "its values expected (tensor.resolve_neg())");
        Spend(192);
        return new PickledTensor(storage, offset, Integers(shape), Integers(strides));
    }

    private PickledDictionary Ordered(List<object?> pairs)
    {
        var dictionary = NewDictionary();
        Spend(32L * pairs.Count);
        foreach (object? pair in pairs)
        {
            if (pair is not (object?[] { Length: 2 } or List<object?> { Count: 2 }))
                throw Refuse($"makes a dictionary of something at byte {position}", "pairs expected");
            var two = (IReadOnlyList<object?>)pair;
            dictionary.Entries.Add((two[0], two[1]));
        }

        return dictionary;
    }

    private PickledStorage Storage(object? identity)
    {
        if (identity is not object?[] { Length: >= 5 } parts || parts[0] is not "storage" || parts[1] is not PickledStorageClass type
            || parts[2] is not string key || parts[4] is not long count || (parts.Length > 5 && parts[5] is not null))
            throw Refuse($"refers to something outside at byte {position}", "a whole storage of the file expected");
        Spend(48);
        var storage = new PickledStorage(type.DType, key, count);
        storages?.TryAdd(key, storage);
        return storage;
    }

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
