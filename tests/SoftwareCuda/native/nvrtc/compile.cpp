// Preprocess with NVRTC's macros only, so that __global__, __shared__ and asm are still there; rewrite; append the table of kernels; compile
// to a shared object. The result is cached under a hash of all that went in.
#include "program.h"
#include "files.h"
#include "rewriter.h"
#include "../runtime/settings.h"
#include "../check/check.h"
#include <dirent.h>
#include <set>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct Options { std::string definitions; int capability = 75; };

static bool starts(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }

static bool read_options(Program& program, int count, const char* const* options, Options& read) {
    static const char* const ignored[] = {
        "--std=", "-std=", "--use_fast_math", "-use_fast_math", "-lineinfo", "--generate-line-info", "--fmad", "-fmad", "-default-device",
        "--device-as-default-execution-space", "--extra-device-vectorization", "-G", "--device-debug", "--ptxas-options", "-Xptxas", "-w",
        "--disable-warnings", "--maxrregcount", "-maxrregcount", "--ftz", "--prec-sqrt", "--prec-div", "--restrict", "--dopt",
        "--split-compile", "-split-compile", "--minimal", "-minimal", "--no-cache", "--diag-suppress", "--no-source-include",
    };
    for (int k = 0; k < count; k++) {
        std::string option = options[k];
        if (starts(option, "-arch=") || starts(option, "--gpu-architecture=")) {
            std::string value = option.substr(option.find('=') + 1);
            if (!starts(value, "sm_") && !starts(value, "compute_")) {
                program.log = "nvrtc: error: invalid value for --gpu-architecture (-arch)\n";
                return false;
            }
            read.capability = atoi(value.c_str() + value.find('_') + 1);
        } else if (starts(option, "-D") || starts(option, "-U")) read.definitions += " '" + option + "'";
        else if (starts(option, "--define-macro=")) read.definitions += " '-D" + option.substr(15) + "'";
        else if (starts(option, "-I") || starts(option, "--include-path="))
            read.definitions += " '-I" + option.substr(option[1] == 'I' ? 2 : 15) + "'";
        else {
            bool known = false;
            for (const char* prefix : ignored) known |= starts(option, prefix);
            if (known) continue;
            program.log = "nvrtc: error: unrecognized option '" + option + "' found\n";
            return false;
        }
    }
    return true;
}

static std::string compiler_flags() {
    const char* own = getenv("SWCUDA_CXXFLAGS");
    if (own) return own;
    return settings.check ? "-O1 -g -fsanitize=thread -fsanitize=alignment,bounds,shift,integer-divide-by-zero -DSW_CHECK"
                          : "-O2 -march=native";
}

/// All device headers: a change in one makes every cached module stale.
static std::string device_headers(const std::string& folder) {
    std::set<std::string> names;
    if (DIR* listing = opendir((folder + "/device").c_str())) {
        while (dirent* entry = readdir(listing))
            if (entry->d_name[0] != '.') names.insert(entry->d_name);
        closedir(listing);
    }
    std::string text = read_file(folder + "/abi.h");
    for (auto& name : names) text += read_file(folder + "/device/" + name);
    return text;
}

static std::string kernel_table(const Program& program, const std::vector<KernelEntry>& kernels, int capability) {
    std::string table;
    std::set<std::string> seen;
    auto add = [&](const std::string& name, const std::string& expression, const std::string& bound) {
        std::string entry = "::sw::entry<&" + expression + ">";
        table += "    {\"" + name + "\", &" + entry + "::call, " + entry + "::count, " + entry + "::parameters, "
               + (bound.empty() ? "0" : "(unsigned)(" + bound + ")") + "},\n";
    };
    for (auto& kernel : kernels)
        if (!kernel.is_template && seen.insert(kernel.name).second) add(kernel.name, kernel.name, kernel.bound);
    for (auto& expression : program.name_expressions) add(expression, expression[0] == '&' ? expression.substr(1) : expression, "");
    return "\n# 1 \"kernel table\"\nextern \"C\" __attribute__((visibility(\"default\"))) const int sw_capability = " + std::to_string(capability)
         + ";\nextern \"C\" __attribute__((visibility(\"default\"))) const SwKernel sw_kernels[] = {\n" + table + "    {0, 0, 0, 0, 0}};\n";
}

/// In the folder; true when it went well, else the log says why.
static bool build(Program& program, const Options& options, const std::string& folder, const std::string& library) {
    auto shell = [&](const std::string& command) {
        if (settings.keep) fprintf(stderr, "[software cuda] %s\n", command.c_str());
        int code = system((command + " >" + folder + "/log 2>&1").c_str());
        program.log = read_file(folder + "/log");
        return code == 0;
    };
    write_file(folder + "/in.cu", "# 1 \"" + program.name + "\"\n" + program.source);
    for (auto& header : program.headers) write_file(folder + "/" + header.first, header.second);
    if (!shell(settings.compiler + " -E -x c++ -undef -std=gnu++17 -D__cplusplus=201703L -D__CUDACC__ -D__CUDACC_RTC__ -D__CUDA_ARCH__="
               + std::to_string(options.capability * 10) + " -I" + folder + options.definitions + " " + folder + "/in.cu -o " + folder + "/preprocessed.cu"))
        return false;
    Rewriter rewriter(read_file(folder + "/preprocessed.cu") + "\n");
    rewriter.run();
    if (!rewriter.errors.empty()) {
        program.log = rewriter.errors;
        return false;
    }
    write_file(folder + "/out.cpp", "#include \"device/cuda.h\"\n" + rewriter.out + kernel_table(program, rewriter.kernels, options.capability));
    // Probes of every page of a large frame meet the stack's guard. -nostdlib keeps the sanitizers' own runtimes out: the hooks are ours.
    if (!shell(settings.compiler + " -x c++ -std=gnu++17 -w -fPIC -shared -fvisibility=hidden -fno-exceptions -fno-rtti -fno-math-errno"
               " -fno-stack-protector -fstack-clash-protection -fno-strict-aliasing -fno-gnu-unique -nostdlib -I" + library + " " + compiler_flags() + " " + folder + "/out.cpp -o " + folder
               + "/out.so -x none -L" + library + " -l:libswcuda.so -lm -lc -Wl,--build-id=none"))
        return false;
    program.image = read_file(folder + "/out.so");
    return true;
}

int compile(Program& program, int count, const char* const* given) {
    program.log.clear();
    Options options;
    if (!read_options(program, count, given, options)) return NvrtcInvalidOption;
    std::string library = library_folder();
    std::string key = program.source + "|" + program.name + "|" + options.definitions + "|" + compiler_flags() + "|" + settings.compiler + "|"
                    + std::to_string(options.capability);
    for (auto& header : program.headers) key += "|" + header.first + header.second;
    for (auto& expression : program.name_expressions) key += "|" + expression;
    key += device_headers(library);
    char name[32];
    snprintf(name, sizeof name, "%016llx.so", (unsigned long long)hash(key));
    std::string cache = settings.cache.empty() ? library + "/modules" : settings.cache;
    mkdir(cache.c_str(), 0777);
    std::string cached = cache + "/" + name;
    program.image = read_file(cached);
    if (!program.image.empty()) return NvrtcSuccess;
    char folder[] = "/tmp/software-cuda-XXXXXX";
    if (!mkdtemp(folder)) return NvrtcCompilation;
    bool well = build(program, options, folder, library);
    if (!settings.keep && system(("rm -rf " + std::string(folder)).c_str())) program.log += "temporary folder was not removed\n";
    if (!well) return NvrtcCompilation;
    publish_file(cached, program.image);
    return NvrtcSuccess;
}
