// Modules are the shared objects our NVRTC makes, functions the entries of their table.
#include "driver.h"
#include "../check/check.h"
#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static std::set<Module*>& modules = *new std::set<Module*>;
static std::set<Function*>& functions = *new std::set<Function*>;

Function* find_function(void* handle) { return functions.count((Function*)handle) ? (Function*)handle : nullptr; }

static void close_image(void* library, int file) {
    dlclose(library);
    close(file);
}

static void close_module(Module* module) {
    for (auto& entry : module->functions) {
        functions.erase(entry.second);
        delete entry.second;
    }
    close_image(module->library, module->file);
    delete module;
}

void forget_modules() {
    for (auto module : modules) close_module(module);
    modules.clear();
}

/// cuModuleLoadData is given no length: the section table stands at the end of the file.
static size_t image_bytes(const void* image) {
    auto header = (const Elf64_Ehdr*)image;
    if (!image || memcmp(header->e_ident, ELFMAG, SELFMAG)) return 0;
    return header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
}

static void* load_image(const void* image, size_t bytes, int& file) {
    char path[64];
    file = memfd_create("software-cuda-module", MFD_CLOEXEC);
    if (file < 0) return nullptr;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), file);      // addr2line, another process, opens it too
    bool whole = write(file, image, bytes) == (ssize_t)bytes;
    void* library = whole ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (library) return library;
    report("module does not load: %s", whole ? dlerror() : "cannot write it");
    close(file);
    return nullptr;
}

EXPORT CUresult cuModuleLoadData(void** handle, const void* image) {
    ENTER;
    size_t bytes = image_bytes(image);
    if (!bytes) return InvalidImage;
    int file;
    void* library = load_image(image, bytes, file);
    if (!library) return InvalidImage;
    auto kernel = (const SwKernel*)dlsym(library, "sw_kernels");
    auto capability = (const int*)dlsym(library, "sw_capability");
    if (!kernel || !capability) {
        report("not a module made by this NVRTC");
        close_image(library, file);
        return InvalidImage;
    }
    if (*capability / 10 != settings.capability / 10 || *capability > settings.capability) {
        report("the module was compiled for %d, the device is %d", *capability, settings.capability);
        close_image(library, file);
        return NoBinaryForGpu;
    }
    add_module_range(kernel);
    auto module = new Module{library, file, {}};
    for (; kernel->name; kernel++) {
        auto function = new Function{kernel, 0, module};
        module->functions[kernel->name] = function;
        functions.insert(function);
    }
    modules.insert(module);
    *handle = module;
    return Success;
}

EXPORT CUresult cuModuleLoadDataEx(void** handle, const void* image, unsigned, int*, void**) { return cuModuleLoadData(handle, image); }

EXPORT CUresult cuModuleUnload(void* handle) {
    ENTER;
    if (!modules.count((Module*)handle)) return InvalidHandle;
    drain_all();
    modules.erase((Module*)handle);
    close_module((Module*)handle);
    return Success;
}

EXPORT CUresult cuModuleGetFunction(void** function, void* handle, const char* name) {
    ENTER;
    if (!modules.count((Module*)handle)) return InvalidHandle;
    auto& table = ((Module*)handle)->functions;
    auto found = table.find(name);
    if (found == table.end()) {
        report("no kernel named %s", name);
        return NotFound;
    }
    *function = found->second;
    return Success;
}

EXPORT CUresult cuModuleGetFunctionCount(unsigned* count, void* handle) {
    ENTER;
    if (!modules.count((Module*)handle)) return InvalidHandle;
    *count = (unsigned)((Module*)handle)->functions.size();
    return Success;
}

/// Only here: name number `index` of a module's kernels, or null.
EXPORT const char* swcuda_kernel_name(void* handle, unsigned index) {
    LOCK;
    if (!modules.count((Module*)handle)) return nullptr;
    for (auto& entry : ((Module*)handle)->functions)
        if (index-- == 0) return entry.second->kernel->name;
    return nullptr;
}
