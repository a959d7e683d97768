// The switch between fibers: six registers and a stack. swapcontext would cost a system call for the signal mask, 100 times as much.
#pragma once
extern "C" void sw_switch(void** save, void* to);

enum { StackBytes = 64 * 1024, GuardBytes = 64 * 1024, StackStride = StackBytes + GuardBytes };

/// A stack on which sw_switch enters `start`. The first bytes are staggered by some cache lines: equal offsets in stacks that lie 64 KiB
/// apart would all fall into the same cache sets.
void* prepare_stack(char* stack, unsigned number, void (*start)());
