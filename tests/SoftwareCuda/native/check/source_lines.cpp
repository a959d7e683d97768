// From an address in a kernel module to the line of kernels.cu, by binutils' addr2line where it is installed.
#include "check.h"
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <vector>

struct ModuleRange { uintptr_t begin, end; };
static std::vector<ModuleRange>& ranges = *new std::vector<ModuleRange>;

bool in_module(const void* address) {
    for (auto& range : ranges)
        if ((uintptr_t)address >= range.begin && (uintptr_t)address < range.end) return true;
    return false;
}

static int find_object(dl_phdr_info* object, size_t, void* symbol) {
    uintptr_t begin = ~(uintptr_t)0, end = 0;
    for (int k = 0; k < object->dlpi_phnum; k++) {
        if (object->dlpi_phdr[k].p_type != PT_LOAD) continue;
        uintptr_t start = object->dlpi_addr + object->dlpi_phdr[k].p_vaddr;
        begin = start < begin ? start : begin;
        end = start + object->dlpi_phdr[k].p_memsz > end ? start + object->dlpi_phdr[k].p_memsz : end;
    }
    if ((uintptr_t)symbol < begin || (uintptr_t)symbol >= end) return 0;
    ranges.push_back({begin, end});
    return 1;
}

void add_module_range(const void* symbol) { dl_iterate_phdr(find_object, (void*)symbol); }

std::string last_access_source() {
    Dl_info object;
    if (!last_access || !dladdr(last_access, &object) || !object.dli_fname) return "";
    char command[700], line[512] = "";
    snprintf(command, sizeof command, "addr2line -e '%s' 0x%zx 2>/dev/null", object.dli_fname,
             (size_t)((char*)last_access - (char*)object.dli_fbase) - 1);
    FILE* output = popen(command, "r");
    if (!output) return "";
    if (!fgets(line, sizeof line, output)) line[0] = 0;
    pclose(output);
    std::string text = line;
    text.resize(text.find_first_of("\n (") == std::string::npos ? text.size() : text.find_first_of("\n ("));
    if (text.empty() || text[0] == '?') return "";
    size_t slash = text.rfind('/');
    return " at " + (slash == std::string::npos ? text : text.substr(slash + 1));
}
