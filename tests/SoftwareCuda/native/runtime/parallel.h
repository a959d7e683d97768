// Work of the libraries themselves, outside kernels, on the workers' threads.
#pragma once
#include <functional>
#include <stdint.h>

/// work(0) .. work(count - 1), in any order and several at once; on this thread alone unless it is worth more.
void in_parallel(int64_t count, bool worth_threads, const std::function<void(int64_t)>& work);
