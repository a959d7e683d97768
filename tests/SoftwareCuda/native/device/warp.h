// Warp collectives: every lane fills its slot, the last to arrive does the work of all.
#pragma once
namespace sw {
struct ShuffleIn { uint64_t value; int source; };

SW_OWN void shuffle_all(SwWarp* w, unsigned mask, int line) {
    for (int lane = 0; lane < 32; lane++) {
        if (!(mask >> lane & 1)) continue;
        int source = ((ShuffleIn*)w->in[lane])->source;
        if (!(mask >> source & 1))
            sw_fault(719, "line %d: shuffle: lane %d reads lane %d, which is not in mask %08x", line, lane, source, mask);
        *(uint64_t*)w->out[lane] = ((ShuffleIn*)w->in[source])->value;
    }
}

template <class T> SW_OWN T shuffle(unsigned mask, T value, int source, int line) {
    static_assert(sizeof(T) <= 8);
    SwThread* t = sw_current;
    ShuffleIn* in = (ShuffleIn*)t->warp->in[t->lane];
    in->value = 0;
    __builtin_memcpy(&in->value, &value, sizeof value);
    in->source = source;
    sw_collective(mask, SwShuffle, line, shuffle_all);
    T result;
    __builtin_memcpy(&result, t->warp->out[t->lane], sizeof result);
    return result;
}

SW_OWN void ballot_all(SwWarp* w, unsigned mask, int) {
    unsigned votes = 0;
    for (int lane = 0; lane < 32; lane++)
        if (mask >> lane & 1) votes |= (unsigned)(*(int*)w->in[lane] != 0) << lane;
    for (int lane = 0; lane < 32; lane++)
        if (mask >> lane & 1) *(unsigned*)w->out[lane] = votes;
}

SW_OWN unsigned ballot(unsigned mask, int predicate, int line) {
    SwThread* t = sw_current;
    *(int*)t->warp->in[t->lane] = predicate;
    sw_collective(mask, SwBallot, line, ballot_all);
    return *(unsigned*)t->warp->out[t->lane];
}

SW_OWN int lane() { return (int)sw_current->lane; }
}

template <class T> static inline T __shfl_sync(unsigned mask, T v, int source, int width = 32, SW_LINE) {
    int l = sw::lane();
    return sw::shuffle(mask, v, (l & ~(width - 1)) | (source & (width - 1)), line);
}
template <class T> static inline T __shfl_xor_sync(unsigned mask, T v, int with, int width = 32, SW_LINE) {
    int l = sw::lane(), source = l ^ with;
    if ((source & ~(width - 1)) > (l & ~(width - 1))) source = l;
    return sw::shuffle(mask, v, source, line);
}
template <class T> static inline T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32, SW_LINE) {
    int l = sw::lane(), source = l + (int)by;
    if (((source ^ l) & ~(width - 1)) || source > 31) source = l;
    return sw::shuffle(mask, v, source, line);
}
template <class T> static inline T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32, SW_LINE) {
    int l = sw::lane(), source = l - (int)by;
    if (source < (l & ~(width - 1))) source = l;
    return sw::shuffle(mask, v, source, line);
}
static inline unsigned __ballot_sync(unsigned mask, int predicate, SW_LINE) { return sw::ballot(mask, predicate, line); }
static inline int __any_sync(unsigned mask, int predicate, SW_LINE) { return sw::ballot(mask, predicate, line) != 0; }
static inline int __all_sync(unsigned mask, int predicate, SW_LINE) { return sw::ballot(mask, predicate, line) == mask; }
template <class T> static inline T sw_reduce_add(unsigned mask, T v, int line) {
    T sum = 0;
    for (int source = 0; source < 32; source++)
        if (mask >> source & 1) sum += sw::shuffle(mask, v, source, line);
    return sum;
}
static inline unsigned __reduce_add_sync(unsigned mask, unsigned v, SW_LINE) { return sw_reduce_add(mask, v, line); }
static inline int __reduce_add_sync(unsigned mask, int v, SW_LINE) { return sw_reduce_add(mask, v, line); }
static inline unsigned __activemask() { return sw_current->warp->live; }
