/* SPDX-License-Identifier: MIT */

/* Tasks that use FreeRTOS's heap, and books of that beside the kernel's: the linker puts them between the heap and all
 * who call it, the kernel included. At the end it says what is in them, and what the kernel says. */
#include "FreeRTOS.h"
#include "queue.h"
#include "semphr.h"
#include "task.h"
#include "timers.h"

#include <drone_trace.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What bench/freertos/run says of the heap, where it is another than heap_4. */
#ifndef HEADER
#define HEADER 8
#endif
#ifndef ROUNDED_TO
#define ROUNDED_TO 8
#endif
#ifndef CAN_FREE
#define CAN_FREE 1
#endif
#ifndef HAS_FREE_SIZE
#define HAS_FREE_SIZE 1
#endif

enum { rounds = 400, most_tasks = 8, pieces = 12 };
enum { header = HEADER, frees = CAN_FREE };

/* -- The books --------------------------------------------------------------------------------------- */

static struct {
    unsigned long taken, given_back, failed;
    size_t live, peak, blocks; /* bytes as the kernel's hook has them, without the header */
    size_t used;               /* bytes that the kernel took */
    size_t slack, most_slack;  /* those of them that its hook does not say */
} books;
static struct {
    const char* name;
    unsigned long taken;
} of_task[most_tasks];
#if HAS_FREE_SIZE
static size_t at_first; /* free bytes */
#endif

void* __real_pvPortMalloc(size_t asked);
void __real_vPortFree(void* block);

/* Masked, so that interrupts may call where the heap allows that. */
static uint32_t enter(void) {
    uint32_t before;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before)::"memory");
    return before;
}
static void leave(uint32_t before) { __asm__ volatile("msr primask, %0" ::"r"(before) : "memory"); }
static uint32_t exception(void) {
    uint32_t number;
    __asm__ volatile("mrs %0, ipsr" : "=r"(number));
    return number;
}
/* A task has the process stack, main() has not. */
static bool is_task(void) {
    uint32_t control;
    __asm__ volatile("mrs %0, control" : "=r"(control));
    return (control & 2) != 0;
}

static size_t told(size_t asked) { return (asked + ROUNDED_TO - 1) & ~(size_t)(ROUNDED_TO - 1); }
static struct {
    void* at;
    size_t asked, used;
} blocks[128];

static const char* who(void) {
    if (exception() != 0) return "tick";
    return is_task() ? pcTaskGetName(NULL) : "thread 0";
}

static void note_taken(void* block, size_t asked, size_t used) {
    unsigned i = 0;
    if (block == NULL) {
        ++books.failed;
        return;
    }
    ++books.taken;
    books.live += told(asked);
    ++books.blocks;
    books.used += used;
    books.slack = books.used - books.live - header * books.blocks;
    if (books.live > books.peak) books.peak = books.live;
    if (books.slack > books.most_slack) books.most_slack = books.slack;
    while (blocks[i].at != NULL)
        ++i;
    blocks[i].at = block, blocks[i].asked = asked, blocks[i].used = used;
    for (i = 0; of_task[i].name != NULL && strcmp(of_task[i].name, who()) != 0;)
        ++i;
    if (of_task[i].name == NULL) {
        static char names[most_tasks][configMAX_TASK_NAME_LEN];
        of_task[i].name = strcpy(names[i], who());
    }
    ++of_task[i].taken;
}

static void note_given_back(void* block) {
    unsigned i = 0;
    while (blocks[i].at != block)
        ++i;
    blocks[i].at = NULL;
    ++books.given_back;
    books.live -= told(blocks[i].asked);
    --books.blocks;
    books.used -= blocks[i].used;
    books.slack = books.used - books.live - header * books.blocks;
}

/* What a call takes is measured where nobody can come between: not where interrupts may call. */
#if HAS_FREE_SIZE && !defined ON_DRONE
#define SUSPEND() vTaskSuspendAll()
#define RESUME() ((void)xTaskResumeAll())
#define FREE_BYTES() xPortGetFreeHeapSize()
#else
#define SUSPEND() (void)0
#define RESUME() (void)0
#define FREE_BYTES() (size_t)0
#endif

void* __wrap_pvPortMalloc(size_t asked) {
    void* block;
    size_t before;
    uint32_t masked;
    SUSPEND();
    before = FREE_BYTES();
    block = __real_pvPortMalloc(asked);
    masked = enter();
    note_taken(block, asked, before - FREE_BYTES());
    leave(masked);
    RESUME();
    return block;
}

void __wrap_vPortFree(void* block) {
    if (block == NULL) return;
    const uint32_t masked = enter();
    note_given_back(block);
    leave(masked);
    __real_vPortFree(block);
}

/* -- The program ------------------------------------------------------------------------------------- */

struct message {
    size_t bytes;
    uint8_t of[];
};
static QueueHandle_t queue;
static SemaphoreHandle_t done;

static uint32_t below(uint32_t* state, uint32_t limit) {
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % limit;
}

static void ends(void) {
    xSemaphoreGive(done);
    vTaskSuspend(NULL);
}

static void producer(void* nothing) {
    uint32_t state = 1;
    (void)nothing;
    for (int i = 0; i < rounds; ++i) {
        const size_t bytes = 1 + below(&state, 200);
        struct message* const message = pvPortMalloc(sizeof *message + bytes);
        if (message == NULL) {
            vTaskDelay(1);
            continue;
        }
        message->bytes = bytes;
        memset(message->of, (int)(bytes & 0xFF), bytes);
        xQueueSend(queue, &message, portMAX_DELAY);
    }
    ends();
}

static void consumer(void* nothing) {
    (void)nothing;
    for (;;) {
        struct message* message;
        xQueueReceive(queue, &message, portMAX_DELAY);
        for (size_t i = 0; i < message->bytes; ++i)
            configASSERT(message->of[i] == (message->bytes & 0xFF));
        if (frees) vPortFree(message);
    }
}

/* Holds blocks for long, and asks for more than there is. */
static void keeper(void* nothing) {
    uint32_t state = 2;
    void* held[pieces] = {0};
    (void)nothing;
    for (int i = 0; i < rounds; ++i) {
        void** const one = &held[below(&state, pieces)];
        if (*one != NULL && frees) vPortFree(*one);
        *one = pvPortMalloc(1 + below(&state, below(&state, 7) == 0 ? 6000 : 300));
        if (i % 8 == 0) vTaskDelay(1);
    }
    ends();
}

static void job(void* nothing) {
    (void)nothing;
    void* const scratch = pvPortMalloc(40);
    if (!frees) vTaskSuspend(NULL);
    vPortFree(scratch);
    vTaskDelete(NULL);
}

static void no_timer(TimerHandle_t timer) { (void)timer; }

/* What the kernel itself takes for its objects. */
static void maker(void* nothing) {
    (void)nothing;
    for (int i = 0; i < (frees ? rounds / 20 : 1); ++i) {
        const SemaphoreHandle_t mutex = xSemaphoreCreateMutex();
        const TimerHandle_t timer = xTimerCreate("once", 5, pdFALSE, NULL, no_timer);
        xTaskCreate(job, "job", configMINIMAL_STACK_SIZE, NULL, 4, NULL);
        vTaskDelay(3);
        if (mutex != NULL && frees) vSemaphoreDelete(mutex);
        if (timer != NULL && frees) xTimerDelete(timer, portMAX_DELAY);
    }
    ends();
}

int _write(int file, const char* text, int size);

/* Not printf, which takes a buffer of malloc, heap_3's own. */
static void say(const char* what, unsigned long value) {
    char line[80];
    _write(1, line, snprintf(line, sizeof line, "%s: %lu\n", what, value));
}

/* Semihosting: the program ends. */
static void stop(void) {
    register uint32_t call __asm__("r0") = 0x18;
    register uint32_t reason __asm__("r1") = 0x20026;
    __asm__ volatile("bkpt 0xAB" ::"r"(call), "r"(reason) : "memory");
    for (;;) {
    }
}

void asserted(const char* file, int line) {
    (void)enter();
    say(file, (unsigned)line);
    stop();
}

static unsigned long hook_said;
void vApplicationMallocFailedHook(void) { ++hook_said; }

#ifdef TICK_HOOK
void vApplicationTickHook(void) {
    static void* one;
    if (one != NULL) vPortFree(one);
    one = pvPortMalloc(24);
}
#endif

static void reporter(void* nothing) {
    (void)nothing;
    for (int tasks = 0; tasks < 3; ++tasks)
        xSemaphoreTake(done, portMAX_DELAY);
    /* The idle task gives back what deleted tasks had, and the consumer what waits. */
    vTaskDelay(20);
    vTaskSuspendAll();
    (void)enter();
#ifndef ON_DRONE
    drone_trace_end();
#endif
    say("Kernel " tskKERNEL_VERSION_NUMBER, 0);
    say("Allocations", books.taken);
    say("Frees", books.given_back);
    say("Failures", books.failed);
    say("Failures that the hook said", hook_said);
    say("Live blocks", books.blocks);
    say("Live bytes", books.live);
    say("Peak", books.peak);
    for (int i = 0; i < most_tasks && of_task[i].name != NULL; ++i) {
        char task[24];
        snprintf(task, sizeof task, "Task %s", of_task[i].name);
        say(task, of_task[i].taken);
    }
#if HAS_FREE_SIZE
    say("Slack", books.slack);
    say("Kernel's used", at_first - xPortGetFreeHeapSize());
#endif
#if HAS_LEAST_FREE
    say("Kernel's most used", at_first - xPortGetMinimumEverFreeHeapSize());
    say("Most slack", books.most_slack);
#endif
#if HAS_STATS
    HeapStats_t stats;
    vPortGetHeapStats(&stats);
    say("Kernel's allocations", stats.xNumberOfSuccessfulAllocations);
    say("Kernel's frees", stats.xNumberOfSuccessfulFrees);
#endif
    say("end", 0);
    stop();
}

/* -- Start-up, the vectors that the kernel needs ------------------------------------------------------ */

extern uint32_t _estack;
void SVC_Handler(void);
void PendSV_Handler(void);
void SysTick_Handler(void);
static void fault(void) { asserted("a fault", 0); }
__attribute__((aligned(128))) static void (*const vectors[16])(void) = {
    (void (*)(void))&_estack,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault,
    NULL,
    NULL,
    NULL,
    NULL,
    SVC_Handler,
    NULL,
    NULL,
    PendSV_Handler,
    SysTick_Handler
};

int main(void) {
    *(volatile uintptr_t*)0xE000ED08 = (uintptr_t)vectors;
#if REGIONS
    /* Two regions, in the order of their addresses, and something else between them. */
    static struct {
        uint8_t first[6 * 1024] __attribute__((aligned(8))), other[64],
            second[10 * 1024] __attribute__((aligned(8)));
    } memory;
    const HeapRegion_t regions[] = {
        {memory.first, sizeof memory.first}, {memory.second, sizeof memory.second}, {NULL, 0}
    };
    drone_trace_heap(memory.first, sizeof memory.first, portBYTE_ALIGNMENT);
    drone_trace_heap(memory.second, sizeof memory.second, portBYTE_ALIGNMENT);
    vPortDefineHeapRegions(regions);
#endif
#if HAS_FREE_SIZE
    if (frees) vPortFree(pvPortMalloc(1)); /* the heap begins at its first call */
    at_first = xPortGetFreeHeapSize();
    books.used = books.slack = books.most_slack = 0;
#endif
    queue = xQueueCreate(4, sizeof(struct message*));
    done = xSemaphoreCreateCounting(3, 0);
    xTaskCreate(reporter, "reporter", 256, NULL, 1, NULL);
    xTaskCreate(producer, "producer", configMINIMAL_STACK_SIZE, NULL, 2, NULL);
    xTaskCreate(consumer, "consumer", configMINIMAL_STACK_SIZE, NULL, 2, NULL);
    xTaskCreate(keeper, "keeper", configMINIMAL_STACK_SIZE, NULL, 2, NULL);
    xTaskCreate(maker, "maker", configMINIMAL_STACK_SIZE, NULL, 3, NULL);
    vTaskStartScheduler();
    asserted("the scheduler does not start", 0);
}
