#include "text.h"
#include <ctype.h>
#include <string.h>

bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

std::string trim(const std::string& text) {
    size_t first = text.find_first_not_of(" \t\n\r"), last = text.find_last_not_of(" \t\n\r");
    return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::string part;
    int depth = 0;
    for (size_t k = 0; k < text.size(); k++) {
        char c = text[k];
        if (c == '"') {
            size_t begin = k++;
            for (; k < text.size() && text[k] != '"'; k++)
                if (text[k] == '\\') k++;
            part += text.substr(begin, k - begin + 1);
            continue;
        }
        bool angle = separator == ',';
        if (c == '(' || c == '[' || c == '{' || (angle && c == '<')) depth++;
        if (c == ')' || c == ']' || c == '}' || (angle && c == '>')) depth--;
        if (c == separator && depth == 0) {
            parts.push_back(part);
            part.clear();
        } else part += c;
    }
    parts.push_back(part);
    return parts;
}

std::string unquote(const std::string& literals) {
    std::string text;
    for (size_t k = 0; k < literals.size(); k++) {
        if (literals[k] != '"') continue;
        for (k++; k < literals.size() && literals[k] != '"'; k++) {
            if (literals[k] != '\\') { text += literals[k]; continue; }
            k++;
            text += literals[k] == 'n' || literals[k] == 't' ? ' ' : literals[k];
        }
    }
    return text;
}

void remove_calls(std::string& text, const char* word) {
    for (size_t begin; (begin = text.find(word)) != std::string::npos;) {
        size_t end = text.find('(', begin);
        int depth = 0;
        for (; end < text.size(); end++) {
            if (text[end] == '(') depth++;
            if (text[end] == ')' && --depth == 0) break;
        }
        text.erase(begin, end - begin + 1);
    }
}

void remove_word(std::string& text, const char* word) {
    for (size_t begin; (begin = text.find(word)) != std::string::npos;) text.erase(begin, strlen(word));
}
