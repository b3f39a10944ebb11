// SPDX-License-Identifier: MIT

// operator new and delete, for the program in C.
#include <cstddef>
#include <new>

extern "C" void* new_block(std::size_t size) { return new (std::nothrow) char[size]; }
extern "C" void delete_block(void* block) { delete[] static_cast<char*>(block); }
