/*
 * Contention for one spinlock of the kernel: threads that open and close descriptors of a table they
 * share. Prints how long it took. With an argument it only waits so many seconds.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 2, TURNS = 500 };

static pthread_barrier_t start;

static void *spin(void *number)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((uintptr_t)number, &set);
    sched_setaffinity(0, sizeof(set), &set);
    pthread_barrier_wait(&start);
    for (unsigned i = 0; i < TURNS; i++)
        close(dup(1));
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    struct timespec before, after;
    if (argc > 1) {
        sleep((unsigned)atoi(argv[1]));
        return 0;
    }
    pthread_barrier_init(&start, NULL, THREADS);
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, spin, (void *)i);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("spinning: %lld us\n", (after.tv_sec - before.tv_sec) * 1000000ll + (after.tv_nsec - before.tv_nsec) / 1000);
    return 0;
}
