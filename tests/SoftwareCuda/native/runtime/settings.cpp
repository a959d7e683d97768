#include "settings.h"
#include "exports.h"
#include <map>
#include <stdlib.h>

Settings settings;
static std::map<std::string, std::string>& overrides = *new std::map<std::string, std::string>;

static std::string text(const char* name, const char* otherwise) {
    auto found = overrides.find(name);
    if (found != overrides.end() && !found->second.empty()) return found->second;
    const char* value = getenv((std::string("SWCUDA_") + name).c_str());
    return value && *value ? value : otherwise;
}

static long long number(const char* name, long long otherwise) {
    std::string value = text(name, "");
    return value.empty() ? otherwise : atoll(value.c_str());
}

void read_settings() {
    Settings s;
    s.absent = number("ABSENT", 0) != 0;
    s.capability = (int)number("CAPABILITY", s.capability);
    s.memory = (size_t)number("MEMORY", (long long)s.memory);
    s.lost_after = (uint64_t)number("LOST_AFTER", 0);
    s.workers = (int)number("WORKERS", 0);
    std::string order = text("ORDER", "forward");
    s.order = order == "reverse" ? Order::reverse : order == "random" ? Order::random : Order::forward;
    s.seed = (uint64_t)number("SEED", 1);
    s.lazy = text("STREAMS", "eager") == "lazy";
    s.check = text("BUILD", "fast") == "check";
    s.log = number("LOG", 0) != 0;
    s.keep = number("KEEP", 0) != 0;
    s.compiler = text("CXX", "g++");
    s.cache = text("CACHE", "");
    settings = s;
}

/// Shared memory a block may have at most, per capability (CUDA C++ Programming Guide, compute capabilities).
size_t Settings::max_block_shared() const {
    switch (capability) {
        case 80: case 87: return 163 * 1024;
        case 86: case 89: case 120: case 121: return 99 * 1024;
        default: return capability >= 90 ? 227 * 1024 : 64 * 1024;
    }
}

/// Value null or empty: the environment's value counts again. Takes effect at the next swcuda_reset.
EXPORT void swcuda_configure(const char* name, const char* value) {
    overrides[name] = value ? value : "";
}
