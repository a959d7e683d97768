#include "report.h"
#include "exports.h"
#include "settings.h"
#include <mutex>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static std::string& lines = *new std::string;
static std::mutex& lines_guard = *new std::mutex;
enum { LongestReport = 16384 };

void report(const char* format, ...) {
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    std::lock_guard<std::mutex> lock(lines_guard);
    if (lines.size() < LongestReport) lines += std::string(line) + "\n";
    if (settings.log) fprintf(stderr, "[software cuda] %s\n", line);
}

/// Copies the report, cut to fit and zero-terminated; returns its whole length.
EXPORT size_t swcuda_report(char* into, size_t bytes) {
    std::lock_guard<std::mutex> lock(lines_guard);
    if (bytes) {
        size_t count = lines.size() < bytes - 1 ? lines.size() : bytes - 1;
        memcpy(into, lines.data(), count);
        into[count] = 0;
    }
    return lines.size();
}

EXPORT void swcuda_clear_report() {
    std::lock_guard<std::mutex> lock(lines_guard);
    lines.clear();
}
