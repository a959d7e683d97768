// Device memory: a reserved address range, in which every allocation ends at a closed page. Slack holds a canary, fresh bytes are 0xFF.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string>

extern char* device_base;
enum : size_t { DeviceRange = 32ull << 30 };    // addresses, not memory

void open_device_range();
char* open_shared_arena(int worker);
/// 0 when the memory limit would be passed.
uint64_t allocate(size_t bytes);
int release(uint64_t address);
/// The range lies inside one live allocation.
bool range_is_live(uint64_t address, size_t bytes);
/// The address lies inside a live allocation, or just behind its last byte.
bool pointer_is_live(uint64_t address);
std::string describe_address(uint64_t address);
/// 0, or 700 after a report: a kernel wrote beside an allocation.
int check_canaries(const char* kernel);
size_t bytes_in_use();
size_t live_allocations();
/// Reports what was never freed and frees it; returns how many there were.
size_t release_everything();
