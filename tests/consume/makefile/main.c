/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct message {
    struct message* next;
    char text[24];
};

int main(void) {
    struct message* list = NULL;
    for (int i = 0; i < 10; ++i) {
        struct message* const one = malloc(sizeof *one);
        if (one == NULL) return 1;
        strcpy(one->text, "hello");
        one->next = list;
        list = one;
    }
    while (list != NULL) {
        struct message* const next = list->next;
        free(list);
        list = next;
    }
    puts("served");
    return 0;
}
