#ifndef TASK_H
#define TASK_H
typedef struct tskTaskControlBlock *TaskHandle_t;
TaskHandle_t xTaskGetCurrentTaskHandle(void);
UBaseType_t uxTaskGetTaskNumber(TaskHandle_t xTask);
void vTaskSetTaskNumber(TaskHandle_t xTask, const UBaseType_t uxHandle);
char *pcTaskGetName(TaskHandle_t xTaskToQuery);
void vTaskSuspendAll(void);
long xTaskResumeAll(void);
#endif
