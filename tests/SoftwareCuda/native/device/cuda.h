// What a CUDA compiler gives a kernel, for a plain C++17 compiler. Only math.h and string.h are included: compile time counts.
#pragma once
#include "../abi.h"
#include <math.h>
#include <string.h>
#include "keywords.h"
#include "vectors.h"
#include "numbers.h"
#include "arithmetic.h"
#include "barriers.h"
#include "warp.h"
#include "atomics.h"
#include "shared.h"
#include "ptx_mma.h"
#include "ptx_copy.h"
#include "ptx_scalar.h"
#include "entry.h"
