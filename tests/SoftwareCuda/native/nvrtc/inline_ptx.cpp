// asm volatile("mma.sync… {%0,…}, …;" : "=f"(x)… : "r"(y)…) becomes ::sw::ptx::mma_sync_…(operands in the order of the PTX text). An unknown
// instruction is then an ordinary compile error, and a wrong operand order gives wrong numbers, as on a device.
#include "rewriter.h"
#include "text.h"
#include <algorithm>
#include <ctype.h>

bool Rewriter::inline_ptx(size_t begin, size_t end) {
    size_t open = skip_space(end);
    for (std::string word; open < in.size() && is_word(in[open]);) {
        size_t next = read_word(open, word);
        if (word != "volatile" && word != "__volatile__") return false;
        open = skip_space(next);
    }
    if (open >= in.size() || in[open] != '(') return false;
    size_t close = matching(open);
    auto sections = split(in.substr(open + 1, close - open - 1), ':');
    std::vector<std::string> operands;
    for (size_t k = 1; k < sections.size() && k < 3; k++) {     // outputs, inputs; the third section names clobbers
        if (trim(sections[k]).empty()) continue;
        for (auto& operand : split(sections[k], ',')) {
            size_t bracket = operand.find('(');
            if (bracket != std::string::npos) operands.push_back(trim(operand.substr(bracket)));
        }
    }
    std::string calls;
    for (auto& statement : split(unquote(sections[0]), ';'))
        if (!trim(statement).empty()) calls += ptx_call(trim(statement), operands);
    replace("do { " + calls + "} while (0)", begin, close + 1);
    return true;
}

static void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (size_t p; (p = text.find(from)) != std::string::npos;) text.replace(p, from.size(), to);
}

std::string Rewriter::ptx_call(const std::string& statement, const std::vector<std::string>& operands) {
    size_t space = 0;
    while (space < statement.size() && !isspace((unsigned char)statement[space])) space++;
    std::string mnemonic = statement.substr(0, space), rest = trim(statement.substr(space));
    if (mnemonic[0] == '@' || mnemonic[0] == '{' || mnemonic[0] == '.') {
        fail("PTX '" + statement + "': only plain instructions, without predicates or registers of their own, are understood here");
        return "";
    }
    bool shared_first = mnemonic.find(".shared") != std::string::npos;
    std::string function = mnemonic;
    replace_all(function, "::", "_");
    std::replace(function.begin(), function.end(), '.', '_');
    for (const char* hint : {"_L2_128B", "_L2_256B", "_L2_64B"}) replace_all(function, hint, "");
    rest.erase(std::remove_if(rest.begin(), rest.end(), [](char c) { return c == '{' || c == '}'; }), rest.end());
    std::string arguments;
    int addresses = 0;
    if (!trim(rest).empty())
        for (auto& text : split(rest, ',')) {
            std::string operand = trim(text), value;
            bool address = !operand.empty() && operand[0] == '[';
            if (address) operand = trim(operand.substr(1, operand.find(']') - 1));
            for (size_t k = 0; k < operand.size();) {
                if (operand[k] != '%' || k + 1 >= operand.size() || !isdigit((unsigned char)operand[k + 1])) {
                    value += operand[k++];
                    continue;
                }
                size_t number = 0;
                for (k++; k < operand.size() && isdigit((unsigned char)operand[k]); k++) number = number * 10 + (operand[k] - '0');
                if (number < operands.size()) value += operands[number];
                else fail("PTX operand %" + std::to_string(number) + " is not given");
            }
            if (address) value = std::string(shared_first && !addresses++ ? "::sw::ptx::shared_address(" : "::sw::ptx::global_address(") + value + ")";
            arguments += (arguments.empty() ? "" : ", ") + value;
        }
    return "::sw::ptx::" + function + "(" + arguments + "); ";
}
