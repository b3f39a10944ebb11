#include "heap.hpp"

#include <drone/global.hpp>

constinit counted_heap heap;

// new and delete, malloc and free, everywhere in the program.
DRONE_GLOBAL_HEAP(heap)
