#ifndef TASK_H
#define TASK_H
#define tskKERNEL_VERSION_MAJOR 11
#define tskKERNEL_VERSION_MINOR 2
typedef struct tskTaskControlBlock *TaskHandle_t;
TaskHandle_t xTaskGetCurrentTaskHandle(void);
UBaseType_t uxTaskGetTaskNumber(TaskHandle_t xTask);
void vTaskSetTaskNumber(TaskHandle_t xTask, const UBaseType_t uxHandle);
char *pcTaskGetName(TaskHandle_t xTaskToQuery);
void vTaskSuspendAll(void);
long xTaskResumeAll(void);
#endif
