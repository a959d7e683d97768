// Configuration: the environment's SWCUDA_* variables, which swcuda_configure overrides inside a process.
#pragma once
#include <stdint.h>
#include <string>

enum class Order { forward, reverse, random };

struct Settings {
    bool absent = false;            // SWCUDA_ABSENT=1: cuInit finds no device
    int capability = 90;            // SWCUDA_CAPABILITY, major * 10 + minor
    size_t memory = 8ull << 30;     // SWCUDA_MEMORY, bytes
    uint64_t lost_after = 0;        // SWCUDA_LOST_AFTER, operations of streams; then the device answers nothing but error 999. 0: never
    int workers = 0;                // SWCUDA_WORKERS, 0: one a core
    Order order = Order::forward;   // SWCUDA_ORDER=forward|reverse|random
    uint64_t seed = 1;              // SWCUDA_SEED
    bool lazy = false;              // SWCUDA_STREAMS=eager|lazy
    bool check = false;             // SWCUDA_BUILD=fast|check
    bool log = false;               // SWCUDA_LOG=1: reports go to standard error too
    bool keep = false;              // SWCUDA_KEEP=1: what the compiler was given stays in its folder
    std::string compiler = "g++";   // SWCUDA_CXX
    std::string cache;              // SWCUDA_CACHE, a folder; default: beside the library
    size_t max_block_shared() const;
};

extern Settings settings;
void read_settings();
