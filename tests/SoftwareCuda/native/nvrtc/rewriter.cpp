#include "rewriter.h"
#include "text.h"
#include <algorithm>
#include <ctype.h>
#include <stdio.h>

void Rewriter::fail(const std::string& message) { errors += file + "(" + std::to_string(line) + "): error: " + message + "\n"; }

size_t Rewriter::skip_space(size_t from) const {
    while (from < in.size() && isspace((unsigned char)in[from])) from++;
    return from;
}

size_t Rewriter::read_word(size_t from, std::string& word) const {
    size_t begin = from;
    while (from < in.size() && is_word(in[from])) from++;
    word = in.substr(begin, from - begin);
    return from;
}

size_t Rewriter::skip_literal(size_t from) const {
    char quote = in[from++];
    for (; from < in.size() && in[from] != quote; from++)
        if (in[from] == '\\') from++;
    return from + 1;
}

size_t Rewriter::matching(size_t open) const {
    char opening = in[open], closing = opening == '(' ? ')' : opening == '[' ? ']' : opening == '{' ? '}' : '>';
    int depth = 0;
    for (size_t p = open; p < in.size(); p++) {
        if (in[p] == '"' || in[p] == '\'') { p = skip_literal(p) - 1; continue; }
        if (in[p] == opening) depth++;
        else if (in[p] == closing && --depth == 0) return p;
    }
    return std::string::npos;
}

/// Keeps as many line ends as there were, so that messages name the right line.
void Rewriter::replace(const std::string& text, size_t from, size_t to) {
    to = std::min(to, in.size());
    out += text;
    long wanted = std::count(in.begin() + from, in.begin() + to, '\n'), there = std::count(text.begin(), text.end(), '\n');
    for (; there < wanted; there++) out += '\n';
    line += (int)wanted;
    at = to;
}

void Rewriter::run() {
    bool is_template = false;
    while (at < in.size()) {
        char c = in[at];
        if (c == '#' && (at == 0 || in[at - 1] == '\n')) { line_marker(); continue; }
        if (c == '\n') line++;
        bool digit_separator = c == '\'' && at && isdigit((unsigned char)in[at - 1]);
        if ((c == '"' || c == '\'') && !digit_separator) {
            size_t end = skip_literal(at);
            out.append(in, at, end - at);
            at = end;
            continue;
        }
        if (c == ';' || c == '{' || c == '}') is_template = false;
        if (isdigit((unsigned char)c)) {
            do out += in[at++]; while (at < in.size() && (is_word(in[at]) || in[at] == '.'));
            continue;
        }
        if (is_word(c)) {
            std::string word;
            size_t begin = at, end = read_word(at, word);
            if (word == "template") is_template = true;
            if (word == "__global__") kernel_signature(end, is_template);
            if (keyword(word, begin, end)) continue;
            out.append(in, begin, end - begin);
            at = end;
            continue;
        }
        out += c;
        at++;
    }
}

void Rewriter::line_marker() {
    size_t end = std::min(in.find('\n', at), in.size());
    std::string text = in.substr(at, end - at);
    int number;
    char name[512];
    if (sscanf(text.c_str(), "# %d \"%511[^\"]\"", &number, name) == 2) {
        line = number - 1;
        file = name;
    }
    out += text;
    at = end;
}

bool Rewriter::keyword(const std::string& word, size_t begin, size_t end) {
    if (word == "__shared__") {
        shared_declaration(begin, false);
        return true;
    }
    if (word == "extern") {
        std::string next;
        size_t start = skip_space(end);
        read_word(start, next);
        if (next != "__shared__") return false;
        shared_declaration(start, true);
        return true;
    }
    if (word == "__launch_bounds__") {
        replace("", begin, matching(skip_space(end)) + 1);
        return true;
    }
    return (word == "asm" || word == "__asm__") && inline_ptx(begin, end);
}

/// `__shared__ T a[4][8], b;` becomes references into the block's arena, one slot a declaration (static in a lambda, so that each template
/// instance has its own); `extern __shared__ T s[];` a pointer to the dynamic bytes.
void Rewriter::shared_declaration(size_t begin, bool dynamic) {
    size_t end = in.find(';', begin);
    if (end == std::string::npos) { fail("__shared__ declaration without an end"); end = in.size() - 1; }
    std::string declaration = in.substr(begin, end - begin);
    for (const char* word : {"__align__", "alignas", "__attribute__"}) remove_calls(declaration, word);
    for (const char* word : {"static ", "volatile ", "__shared__"}) remove_word(declaration, word);
    auto parts = split(trim(declaration), ',');
    std::string first = trim(parts[0]);
    size_t angle = first.rfind('>'), bracket = first.find('[', angle == std::string::npos ? 0 : angle);
    std::string head = trim(bracket == std::string::npos ? first : first.substr(0, bracket));
    size_t name_begin = head.size();
    while (name_begin && is_word(head[name_begin - 1])) name_begin--;
    std::string type = trim(head.substr(0, name_begin)), text;
    if (type.empty()) fail("this __shared__ declaration cannot be read: " + trim(declaration));
    for (size_t k = 0; k < parts.size(); k++) {
        std::string declarator = k ? trim(parts[k]) : head.substr(name_begin) + (bracket == std::string::npos ? "" : first.substr(bracket));
        size_t open = declarator.find('[');
        std::string name = trim(declarator.substr(0, open)), bounds = open == std::string::npos ? "" : declarator.substr(open);
        if (dynamic) text += type + "* const " + name + " = (" + type + "*)sw_shared_dynamic(__LINE__);";
        else {
            std::string whole = "::sw::same<" + type + trim(bounds) + ">";
            text += whole + "& " + name + " = ::sw::shared_variable<" + whole + ">([]{ static SwSlot slot; return &slot; }(), \"" + name + "\");";
        }
    }
    replace(text, begin, end + 1);
}

/// Notes a kernel's name (the word before the parameter list) and launch bound; the text itself stays.
void Rewriter::kernel_signature(size_t end, bool is_template) {
    KernelEntry kernel{"", "", is_template};
    for (size_t p = skip_space(end); p < in.size(); p = skip_space(p)) {
        if (in[p] == '(') {
            size_t close = matching(p);
            if (close != std::string::npos && in[skip_space(close + 1)] == '{') kernels.push_back(kernel);
            return;
        }
        if (!is_word(in[p])) { p++; continue; }
        std::string word;
        size_t next = read_word(p, word);
        if (word == "__launch_bounds__") {
            size_t open = skip_space(next), close = matching(open);
            kernel.bound = split(in.substr(open + 1, close - open - 1), ',')[0];
            next = close + 1;
        } else kernel.name = word;
        p = next;
    }
}
