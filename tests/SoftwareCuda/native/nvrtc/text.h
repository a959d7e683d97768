// Pieces of text that the rewriter handles.
#pragma once
#include <string>
#include <vector>

bool is_word(char c);
std::string trim(const std::string& text);
/// At separators outside of brackets and literals.
std::vector<std::string> split(const std::string& text, char separator);
/// The contents of adjacent string literals, control escapes as spaces.
std::string unquote(const std::string& literals);
void remove_calls(std::string& text, const char* word);     // word(...) with its brackets
void remove_word(std::string& text, const char* word);
