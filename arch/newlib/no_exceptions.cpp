// SPDX-License-Identifier: MIT

// What the standard library asks of a system, for a program without exceptions that never ends.
// What it would throw ends the program in abort(), which a project may define; ours traps, which a
// debugger sees. Without these, a container brings the library's own unwinding machinery along:
// some 60 KiB of code, and an emergency pool from the heap before main().

extern "C" {

[[noreturn, gnu::weak]] void abort() { __builtin_trap(); }

[[noreturn]] void __cxa_pure_virtual() { abort(); }

// Destructors of static objects never run, so they need not be remembered.
void* __dso_handle = nullptr;
int __aeabi_atexit(void* /*object*/, void (* /*destructor*/)(void*), void* /*dso*/) { return 0; }
int atexit(void (* /*function*/)()) { return 0; }
}

namespace std {

[[noreturn]] void __throw_bad_alloc() { abort(); }
[[noreturn]] void __throw_bad_array_new_length() { abort(); }
[[noreturn]] void __throw_bad_function_call() { abort(); }
[[noreturn]] void __throw_invalid_argument(const char* /*what*/) { abort(); }
[[noreturn]] void __throw_length_error(const char* /*what*/) { abort(); }
[[noreturn]] void __throw_logic_error(const char* /*what*/) { abort(); }
[[noreturn]] void __throw_out_of_range(const char* /*what*/) { abort(); }
[[noreturn]] void __throw_out_of_range_fmt(const char* /*what*/, ...) { abort(); }

} // namespace std
