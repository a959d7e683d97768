#include "files.h"
#include <dlfcn.h>
#include <fstream>
#include <limits.h>
#include <sstream>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

void publish_file(const std::string& path, const std::string& text) {
    std::string temporary = path + "." + std::to_string(getpid());
    write_file(temporary, text);
    rename(temporary.c_str(), path.c_str());
}

std::string library_folder() {
    Dl_info info;
    char path[PATH_MAX];
    if (!dladdr((void*)library_folder, &info) || !realpath(info.dli_fname, path)) return ".";
    std::string text = path;
    return text.substr(0, text.rfind('/'));
}

uint64_t hash(const std::string& text, uint64_t start) {
    uint64_t value = start;
    for (unsigned char c : text) value = (value ^ c) * 1099511628211ull;
    return value;
}
