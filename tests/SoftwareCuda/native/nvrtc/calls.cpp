// The NVRTC entry points. What they call cubin and PTX is a shared object of this machine.
#include "program.h"
#include "../runtime/exports.h"
#include "../runtime/settings.h"
#include <mutex>
#include <string.h>

/// Two programs may be compiled at once; settings are only read meanwhile.
static Program* program_of(void* handle) { return (Program*)handle; }

/// A version no NVRTC has, one for each build: a program that keeps compiled kernels must not take ours for NVIDIA's.
EXPORT int nvrtcVersion(int* major, int* minor) {
    *major = 13;
    *minor = settings.check ? 98 : 99;
    return NvrtcSuccess;
}

EXPORT const char* nvrtcGetErrorString(int result) {
    switch (result) {
        case NvrtcSuccess: return "NVRTC_SUCCESS";
        case NvrtcInvalidInput: return "NVRTC_ERROR_INVALID_INPUT";
        case NvrtcInvalidProgram: return "NVRTC_ERROR_INVALID_PROGRAM";
        case NvrtcInvalidOption: return "NVRTC_ERROR_INVALID_OPTION";
        case NvrtcCompilation: return "NVRTC_ERROR_COMPILATION";
        case NvrtcNameNotValid: return "NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID";
        default: return "NVRTC_ERROR unknown";
    }
}

EXPORT int nvrtcGetNumSupportedArchs(int* count) { *count = 8; return NvrtcSuccess; }
EXPORT int nvrtcGetSupportedArchs(int* list) {
    static const int supported[] = {75, 80, 86, 87, 89, 90, 100, 120};
    memcpy(list, supported, sizeof supported);
    return NvrtcSuccess;
}

EXPORT int nvrtcCreateProgram(void** handle, const char* source, const char* name, int count, const char* const* headers,
                              const char* const* header_names) {
    if (!handle || !source || count < 0) return NvrtcInvalidInput;
    auto program = new Program;
    program->source = source;
    program->name = name && *name ? name : "default_program";
    for (int i = 0; i < count; i++) program->headers.push_back({header_names[i], headers[i]});
    *handle = program;
    return NvrtcSuccess;
}

EXPORT int nvrtcDestroyProgram(void** handle) {
    if (!handle || !*handle) return NvrtcInvalidProgram;
    delete program_of(*handle);
    *handle = nullptr;
    return NvrtcSuccess;
}

EXPORT int nvrtcCompileProgram(void* handle, int count, const char* const* options) {
    return handle ? compile(*program_of(handle), count, options) : (int)NvrtcInvalidProgram;
}

EXPORT int nvrtcAddNameExpression(void* handle, const char* expression) {
    program_of(handle)->name_expressions.push_back(expression);
    return NvrtcSuccess;
}

EXPORT int nvrtcGetLoweredName(void* handle, const char* expression, const char** lowered) {
    for (auto& name : program_of(handle)->name_expressions)
        if (name == expression) {
            *lowered = name.c_str();
            return NvrtcSuccess;
        }
    return NvrtcNameNotValid;
}

static int copy_bytes(char* into, const std::string& text, bool terminated) {
    memcpy(into, text.data(), text.size());
    if (terminated) into[text.size()] = 0;
    return NvrtcSuccess;
}

EXPORT int nvrtcGetCUBINSize(void* handle, size_t* bytes) { *bytes = program_of(handle)->image.size(); return NvrtcSuccess; }
EXPORT int nvrtcGetCUBIN(void* handle, char* into) { return copy_bytes(into, program_of(handle)->image, false); }
EXPORT int nvrtcGetPTXSize(void* handle, size_t* bytes) { *bytes = program_of(handle)->image.size() + 1; return NvrtcSuccess; }
EXPORT int nvrtcGetPTX(void* handle, char* into) { return copy_bytes(into, program_of(handle)->image, true); }
EXPORT int nvrtcGetProgramLogSize(void* handle, size_t* bytes) { *bytes = program_of(handle)->log.size() + 1; return NvrtcSuccess; }
EXPORT int nvrtcGetProgramLog(void* handle, char* into) { return copy_bytes(into, program_of(handle)->log, true); }
