/* The log's one function: format into a bounded buffer and hand it to the sink. */
#include "libarmsim/fabric/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { LOG_MESSAGE_MAX = 1024 };

void log_emit(const struct log *log, enum log_class class, const char *format, ...)
{
    char message[LOG_MESSAGE_MAX]; /* a longer message is cut */
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    log->sink(log->opaque, class, length < 0 ? format : message);
}
