// What went wrong, in words: lines that tests attach to the exception they see.
#pragma once
void report(const char* format, ...) __attribute__((format(printf, 1, 2)));
