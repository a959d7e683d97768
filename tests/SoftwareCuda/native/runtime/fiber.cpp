#include "fiber.h"
#include <stdint.h>

// Pop and jump instead of ret: the processor's return predictor would be wrong every time.
asm(R"(
.text
.globl sw_switch
.hidden sw_switch
.type sw_switch,@function
sw_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp,(%rdi)
    movq %rsi,%rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    popq %rcx
    jmp *%rcx
.size sw_switch,.-sw_switch
)");

void* prepare_stack(char* stack, unsigned number, void (*start)()) {
    void** top = (void**)(stack + StackBytes - (number * 5 % 61) * 64 - 64);
    *--top = nullptr;           // return address of start: none
    *--top = (void*)start;
    for (int k = 0; k < 6; k++) *--top = nullptr;
    return top;
}
