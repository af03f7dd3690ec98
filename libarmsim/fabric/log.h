/*
 * The log. What the guest did wrong (GUEST_ERROR) and what we do not implement (UNIMPLEMENTED) are told apart;
 * nothing is silently ignored. The library prints nothing: the machine's owner installs a sink.
 */
#ifndef ARMSIM_FABRIC_LOG_H
#define ARMSIM_FABRIC_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_class {
    LOG_GUEST_ERROR = 1u << 0,   /* the guest broke a device's or the architecture's rules */
    LOG_UNIMPLEMENTED = 1u << 1, /* the guest asked for what this build does not model */
    LOG_EXCEPTION = 1u << 2,     /* exception entries and returns */
    LOG_MMU = 1u << 3,           /* translation faults, TLB maintenance */
    LOG_DEVICE = 1u << 4,        /* what devices do, for their authors */
};

struct log {
    uint32_t mask; /* enum log_class bits that the sink wants */
    void (*sink)(void *opaque, enum log_class class, const char *message);
    void *opaque;
};

#define log_enabled(log, class) ((log) && ((log)->mask & (class)) && (log)->sink)

/* printf-like; formats into a bounded buffer. Costs nothing when the class is off. `log` may be NULL. */
#define log_message(log, class, ...)                                                                                   \
    do {                                                                                                               \
        if (log_enabled(log, class))                                                                                   \
            log_emit(log, class, __VA_ARGS__);                                                                         \
    } while (0)

void log_emit(const struct log *log, enum log_class class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
