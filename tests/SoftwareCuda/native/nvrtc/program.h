#pragma once
#include <string>
#include <utility>
#include <vector>

enum NvrtcResult {
    NvrtcSuccess = 0, NvrtcInvalidInput = 3, NvrtcInvalidProgram = 4, NvrtcInvalidOption = 5, NvrtcCompilation = 6,
    NvrtcNameNotValid = 10,
};

struct Program {
    std::string source, name, log, image;
    std::vector<std::pair<std::string, std::string>> headers;   // name, text
    std::vector<std::string> name_expressions;
};

int compile(Program& program, int count, const char* const* options);
