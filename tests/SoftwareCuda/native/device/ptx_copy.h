// cp.async: a copy is put off until the wait that covers it, so a missing wait shows as poison instead of passing by luck.
#pragma once
namespace sw { namespace ptx {
SW_OWN void finish_copies(SwThread* t, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        SwCopy& c = t->copy[i];
        if (sw_checking) {
            if (c.bytes) sw_note_access(c.from, c.bytes, SwRead);
            sw_note_access(c.to, c.bytes + c.zeroed, SwWrite);
        }
        memcpy(c.to, c.from, c.bytes);
        memset((char*)c.to + c.bytes, 0, c.zeroed);
    }
    memmove(t->copy, t->copy + count, (t->copies - count) * sizeof(SwCopy));
    t->copies -= count;
}

SW_OWN void start_copy(void* to, const void* from, int bytes, int from_bytes, int line) {
    SwThread* t = sw_current;
    if (bytes != 4 && bytes != 8 && bytes != 16) sw_fault(715, "line %d: cp.async of %d bytes", line, bytes);
    if ((uintptr_t)to % bytes || (uintptr_t)from % bytes) sw_fault(716, "line %d: cp.async of %d bytes: misaligned address", line, bytes);
    if (t->copies == SwMaxCopies) sw_fault(719, "line %d: more than %d cp.async in flight in one thread", line, SwMaxCopies);
    t->copy[t->copies++] = {to, from, (unsigned)from_bytes, (unsigned)(bytes - from_bytes)};
}

static inline void cp_async_cg_shared_global(void* to, const void* from, int bytes, int from_bytes = -1, SW_LINE) {
    start_copy(to, from, bytes, from_bytes < 0 ? bytes : from_bytes, line);
}
static inline void cp_async_ca_shared_global(void* to, const void* from, int bytes, int from_bytes = -1, SW_LINE) {
    start_copy(to, from, bytes, from_bytes < 0 ? bytes : from_bytes, line);
}
SW_OWN void cp_async_commit_group() {
    SwThread* t = sw_current;
    if (t->groups == SwMaxGroups) sw_fault(719, "more than %d cp.async groups in flight", SwMaxGroups);
    t->group_end[t->groups++] = t->copies;
}
/// All groups but the last n are done.
SW_OWN void cp_async_wait_group(int n) {
    SwThread* t = sw_current;
    if ((int)t->groups <= n) return;
    unsigned done = t->groups - n, end = t->group_end[done - 1];
    finish_copies(t, end);
    for (unsigned i = done; i < t->groups; i++) t->group_end[i - done] = t->group_end[i] - end;
    t->groups -= done;
}
SW_OWN void cp_async_wait_all() {
    finish_copies(sw_current, sw_current->copies);
    sw_current->groups = 0;
}
} }
