// A fault inside a kernel becomes an error code and a report; the block's fibers are left behind and the process goes on.
#include "block.h"
#include "fiber.h"
#include "memory.h"
#include "report.h"
#include "../check/check.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string>
#include <ucontext.h>

bool record_error(Launch* launch, int error) {
    int none = 0;
    return launch->error.compare_exchange_strong(none, error);
}

static void report_thread(int error, const char* text, const char* place) {
    SwThread* t = sw_current;
    SwIndex b = t->block_index, i = t->index;
    report("kernel %s block (%u,%u,%u) thread (%u,%u,%u): error %d: %s%s",
           worker->launch->kernel->name, b.x, b.y, b.z, i.x, i.y, i.z, error, text, place);
}

extern "C" __attribute__((visibility("default"))) void sw_fault(int error, const char* format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (record_error(worker->launch, error))
        report_thread(error, text, sw_checking ? last_access_source().c_str() : "");
    leave_fibers();
}

struct sigaction previous[NSIG];

/// Not one of our fibers: the runtime's own handler decides, as if we were not here.
static void pass_on(int number, siginfo_t* info, void* context) {
    struct sigaction& old = previous[number];
    if ((old.sa_flags & SA_SIGINFO) && old.sa_sigaction) old.sa_sigaction(number, info, context);
    else if (old.sa_handler && old.sa_handler != SIG_IGN && old.sa_handler != SIG_DFL) old.sa_handler(number);
    else {
        signal(number, SIG_DFL);
        raise(number);
    }
}

static void on_signal(int number, siginfo_t* info, void* context) {
    Worker* w = worker;
    if (!w || !w->in_fiber) return pass_on(number, info, context);
    auto& registers = ((ucontext_t*)context)->uc_mcontext.gregs;
    uint64_t address = (uint64_t)info->si_addr;
    bool protection = number == SIGSEGV && registers[REG_TRAPNO] == 13;     // no address is known then
    bool write = registers[REG_ERR] & 2;
    int error = number == SIGFPE ? 719 : number == SIGILL ? 715 : protection ? 716 : 700;
    if (record_error(w->launch, error)) {
        char* stack = sw_current->stack;
        char text[400];
        if ((char*)address >= stack - GuardBytes && (char*)address < stack) snprintf(text, sizeof text, "thread stack overflow");
        else if (number == SIGFPE) snprintf(text, sizeof text, "integer division by zero");
        else if (number == SIGILL) snprintf(text, sizeof text, "illegal instruction");
        else if (protection) snprintf(text, sizeof text, "misaligned vector access or impossible address");
        else snprintf(text, sizeof text, "%s of 0x%llx: %s", write ? "write" : "read", (unsigned long long)address,
                      describe_address(address).c_str());
        report_thread(error, text, "");
    }
    registers[REG_RIP] = (greg_t)leave_fibers;
    registers[REG_RSP] = ((greg_t)(w->fault_stack + StackBytes) & ~15) - 8;
    registers[REG_EFL] &= ~0x400;
}

/// .NET's handlers keep their flags and masks (SIGFPE has no alternate stack there, SIGSEGV has): changed flags would crash the process
/// at its next DivideByZeroException.
void install_signal_handlers() {
    for (int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
        sigaction(number, nullptr, &previous[number]);
        struct sigaction action = previous[number];
        action.sa_sigaction = on_signal;
        action.sa_flags |= SA_SIGINFO;
        if (number == SIGSEGV) action.sa_flags |= SA_ONSTACK;   // a fiber's stack may be what overflowed
        sigaction(number, &action, nullptr);
    }
}
