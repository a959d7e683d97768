// For tests of the tests: a source in which every barrier stands behind `if (!sw_is_removed(n))` is compiled once, and each of them can be
// left out in a run of its own. What a run comes past is noted, so that only the cases that reach a barrier need to run without it.
#include "check.h"
#include "../runtime/exports.h"

enum { MaxSites = 1024 };
static int removed = -1;
static unsigned char reached[MaxSites];

EXPORT int sw_is_removed(int site) {
    if (site >= 0 && site < MaxSites) reached[site] = 1;
    return site == removed;
}

EXPORT void swcuda_remove(int site) { removed = site; }

/// Whether a launch came past the site since this was last asked.
EXPORT int swcuda_take_reached(int site) {
    int was = reached[site];
    reached[site] = 0;
    return was;
}
