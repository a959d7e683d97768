// The check build: GCC calls hooks before every access of a kernel, as it would call its sanitizers'; the hooks are ours.
#pragma once
#include "../abi.h"
#include <string>

struct SwBlock;

/// Two bits for every byte of device memory.
enum Shadow : unsigned char { Closed = 0, Addressable = 1, Written = 3 };
void open_shadow();
extern unsigned char* shadow;
void shadow_set(const void* address, size_t bytes, Shadow state);

/// Vector clocks of the block's warps: what is ordered by barriers, named ones included.
void races_begin_block();
void races_barrier_reached(SwThread* thread, unsigned barrier, bool arrive);
void races_barrier_released(SwBlock* block, unsigned barrier);
void race_check_shared(SwThread* thread, char* word, SwAccess access);
void race_check_global(SwThread* thread, char* word, SwAccess access);
void open_race_records();

/// " at file:line" of the access the kernel made last, or empty.
std::string last_access_source();
extern void* last_access;
std::string describe_shared(const void* address);
void add_module_range(const void* symbol);
bool in_module(const void* address);
