#include "memory.h"
#include "block.h"
#include "exports.h"
#include "report.h"
#include "../check/check.h"
#include <map>
#include <mutex>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum : size_t { Page = 4096, Alignment = 256, ArenaRange = (size_t)SharedArenaBytes * SwMaxWorkers + Page };
enum { LongestGapSearched = 256 };

char* device_base;
static char* arenas;
static std::mutex& allocations_guard = *new std::mutex;

struct Allocation { char* page; size_t pages; char* start; size_t bytes; unsigned number; };
typedef std::map<uint64_t, Allocation> Allocations;
static Allocations& live = *new Allocations;
static Allocations& dead = *new Allocations;
static size_t next_page = Page, in_use;
static unsigned numbers;

static size_t round_up(size_t value, size_t to) { return (value + to - 1) / to * to; }

void open_device_range() {
    if (device_base) return;
    device_base = (char*)mmap(nullptr, DeviceRange, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    arenas = device_base + DeviceRange - ArenaRange;
}

char* open_shared_arena(int id) {
    char* arena = arenas + (size_t)id * SharedArenaBytes;
    mprotect(arena, StaticArenaBytes + DynamicArenaBytes, PROT_READ | PROT_WRITE);
    return arena;
}

static const Allocation* at_or_before(const Allocations& set, uint64_t address) {
    auto found = set.upper_bound(address);
    return found == set.begin() ? nullptr : &std::prev(found)->second;
}

/// Addresses are used once around the whole range before any comes back, so that a stale pointer meets a closed page.
static char* find_pages(size_t bytes) {
    for (int rounds = 0; rounds < 2; rounds++) {
        char* page = device_base + next_page;
        while (page + bytes <= arenas) {
            auto after = live.lower_bound((uint64_t)page);
            if (after != live.begin()) {
                const Allocation& before = std::prev(after)->second;
                char* end = before.page + (before.pages + 1) * Page;
                if (end > page) { page = end; continue; }
            }
            if (after == live.end() || after->second.page >= page + bytes) return page;
            page = after->second.page + (after->second.pages + 1) * Page;
        }
        next_page = Page;
    }
    return nullptr;
}

static void fill_canaries(const Allocation& a) {
    memset(a.page, CanaryByte, a.start - a.page);
    memset(a.start + a.bytes, CanaryByte, a.page + a.pages * Page - (a.start + a.bytes));
}

uint64_t allocate(size_t bytes) {
    std::lock_guard<std::mutex> lock(allocations_guard);
    if (in_use + bytes > settings.memory || bytes > settings.memory) return 0;
    size_t body = round_up(bytes, Alignment), pages = round_up(body, Page) / Page, whole = (pages + 1) * Page;
    char* page = find_pages(whole);
    if (!page) return 0;
    next_page = page + whole - device_base;
    mprotect(page, pages * Page, PROT_READ | PROT_WRITE);
    Allocation a{page, pages, page + pages * Page - body, bytes, ++numbers};
    fill_canaries(a);
    memset(a.start, PoisonByte, bytes);
    live[(uint64_t)a.start] = a;
    in_use += bytes;
    if (sw_checking) shadow_set(a.start, bytes, Addressable);
    for (auto old = dead.lower_bound((uint64_t)page); old != dead.end() && old->second.page < page + whole;) old = dead.erase(old);
    return (uint64_t)a.start;
}

static void close_pages(const Allocation& a) {
    if (sw_checking) shadow_set(a.start, a.bytes, Closed);
    madvise(a.page, a.pages * Page, MADV_DONTNEED);
    mprotect(a.page, a.pages * Page, PROT_NONE);
    in_use -= a.bytes;
}

int release(uint64_t address) {
    std::lock_guard<std::mutex> lock(allocations_guard);
    if (!address) return 0;
    auto found = live.find(address);
    if (found == live.end()) {
        report("cuMemFree of 0x%llx: %s", (unsigned long long)address,
               dead.count(address) ? "freed twice" : "not the start of an allocation");
        return 1;
    }
    Allocation a = found->second;
    live.erase(found);
    dead[address] = a;
    close_pages(a);
    return 0;
}

size_t release_everything() {
    std::lock_guard<std::mutex> lock(allocations_guard);
    size_t count = live.size(), bytes = in_use;
    std::string first;
    for (auto& entry : live) {
        if (first.size() < 120) first += " #" + std::to_string(entry.second.number) + " (" + std::to_string(entry.second.bytes) + " bytes)";
        dead[entry.first] = entry.second;
        close_pages(entry.second);
    }
    live.clear();
    if (count) report("leak: %zu allocations of %zu bytes were never freed:%s", count, bytes, first.c_str());
    return count;
}

bool range_is_live(uint64_t address, size_t bytes) {
    std::lock_guard<std::mutex> lock(allocations_guard);
    auto a = at_or_before(live, address);
    return a && address + bytes <= (uint64_t)a->start + a->bytes;
}

bool pointer_is_live(uint64_t address) { return range_is_live(address, 0); }

std::string describe_address(uint64_t address) {
    char text[256];
    if (!device_base || address < (uint64_t)device_base || address >= (uint64_t)device_base + DeviceRange) return "not a device address";
    if ((char*)address >= arenas) return "outside the block's shared memory";
    std::unique_lock<std::mutex> lock(allocations_guard, std::try_to_lock);
    auto freed = at_or_before(dead, address);
    auto a = at_or_before(live, address);
    if (freed && address < (uint64_t)freed->start + freed->bytes)
        snprintf(text, sizeof text, "byte %zu of allocation #%u (%zu bytes), which was freed",
                 (size_t)(address - (uint64_t)freed->start), freed->number, freed->bytes);
    else if (a && address < (uint64_t)a->start + a->bytes)
        snprintf(text, sizeof text, "byte %zu of allocation #%u (%zu bytes)", (size_t)(address - (uint64_t)a->start), a->number, a->bytes);
    else if (auto next = live.lower_bound(address); next != live.end() && address >= (uint64_t)next->second.page)
        snprintf(text, sizeof text, "%zu bytes before allocation #%u (%zu bytes)", (size_t)(next->first - address), next->second.number,
                 next->second.bytes);
    else if (a)
        snprintf(text, sizeof text, "%zu bytes past the end of allocation #%u (%zu bytes)",
                 (size_t)(address - (uint64_t)a->start - a->bytes), a->number, a->bytes);
    else return "a device address that was never allocated";
    return text;
}

int check_canaries(const char* kernel) {
    std::lock_guard<std::mutex> lock(allocations_guard);
    for (auto& entry : live) {
        const Allocation& a = entry.second;
        char* end = a.page + a.pages * Page;
        for (char* p = a.start + a.bytes; p < end; p++) {
            if ((unsigned char)*p == CanaryByte) continue;
            report("kernel %s: error 700: write at byte %zu of allocation #%u (%zu bytes)", kernel, (size_t)(p - a.start), a.number, a.bytes);
            fill_canaries(a);
            return 700;
        }
        for (char* p = a.start - 1; p >= a.page && p >= a.start - LongestGapSearched; p--) {
            if ((unsigned char)*p == CanaryByte) continue;
            report("kernel %s: error 700: write %zu bytes before allocation #%u (%zu bytes)", kernel, (size_t)(a.start - p), a.number, a.bytes);
            fill_canaries(a);
            return 700;
        }
    }
    return 0;
}

size_t bytes_in_use() { return in_use; }
size_t live_allocations() { return live.size(); }
EXPORT size_t swcuda_live_allocations() { return live_allocations(); }
