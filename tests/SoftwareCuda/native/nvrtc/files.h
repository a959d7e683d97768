#pragma once
#include <stdint.h>
#include <string>

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);
/// Through a temporary name, so that no other process sees half a file.
void publish_file(const std::string& path, const std::string& text);
/// The folder this library was loaded from, links resolved.
std::string library_folder();
uint64_t hash(const std::string& text, uint64_t start = 1469598103934665603ull);    // FNV-1a
