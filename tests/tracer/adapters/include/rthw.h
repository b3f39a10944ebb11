#include <rtthread.h>
