/* What a machine must have in common with the one whose snapshot it loads, as lines of text. */
#include "libarmsim/snapshot/configuration.h"

#include "libarmsim/machine/text.h"

#include <string.h>

static void line(struct state_writer *writer, const char *name, const char *value)
{
    state_put_bytes(writer, name, strlen(name));
    state_put_bytes(writer, "=", 1);
    state_put_bytes(writer, value, strlen(value));
    state_put_bytes(writer, "\n", 1);
}

static void number(struct state_writer *writer, const char *name, uint64_t value)
{
    char digits[24];
    struct text text = text_begin(digits, sizeof(digits));
    text_decimal(&text, value);
    line(writer, name, digits);
}

static void list_features(struct state_writer *writer, const struct armsim_machine *machine)
{
    for (enum feature feature = 0; feature < FEATURE_COUNT; feature++)
        if (feature_set_has(&machine->features, feature))
            line(writer, "feature", feature_info(feature)->name);
}

static void list_memory(struct state_writer *writer, const struct armsim_machine *machine)
{
    for (size_t i = 0; i < bus_region_count(machine->bus); i++) {
        const struct bus_region *region = bus_region_at(machine->bus, i);
        if (!bus_has_memory(region))
            continue;
        char place[64];
        struct text text = text_begin(place, sizeof(place));
        text_hex(&text, region->base, 1);
        text_string(&text, "+");
        text_hex(&text, region->size, 1);
        text_string(&text, " in ");
        text_decimal(&text, region->pas_mask);
        line(writer, region->name, place);
    }
}

static void list_impdefs(struct state_writer *writer, const struct armsim_machine *machine)
{
    const struct impdef_info *row;
    for (size_t i = 0; (row = impdef_info(i)) != NULL; i++)
        line(writer, row->name, row->values[machine->impdefs.value[i]]);
}

static void list_devices(struct state_writer *writer, const struct armsim_machine *machine)
{
    for (size_t i = 0; i < machine->device_count; i++)
        line(writer, "device", machine->devices[i]->name);
    for (size_t i = 0; i < MACHINE_MAX_DRIVES && machine->drives[i].base; i++) {
        struct block_backend backend = drive_backend((struct drive *)(uintptr_t)&machine->drives[i]);
        number(writer, "drive", backend.size);
        number(writer, "read-only", backend.read_only);
    }
}

void configuration_write(struct state_writer *writer, const struct armsim_machine *machine)
{
    const struct armsim_options *options = &machine->options;
    line(writer, "board", machine->board->name);
    line(writer, "model", machine->model->name);
    list_features(writer, machine);
    number(writer, "smp", machine->pe_count);
    list_memory(writer, machine);
    number(writer, "gic-version", machine->gic ? options->gic_version : 0);
    number(writer, "secure", options->secure);
    number(writer, "virtualization", options->virtualization);
    number(writer, "secure-only", options->secure_only);
    number(writer, "reset-address", options->reset_address);
    number(writer, "frequency", options->frequency);
    number(writer, "counter-frequency", options->counter_frequency);
    number(writer, "counter-epoch", options->counter_epoch);
    number(writer, "gic-priority-bits", options->gic_priority_bits);
    number(writer, "gic-single-security", options->gic_single_security);
    number(writer, "tlb-entries", options->tlb_entries);
    number(writer, "uart-fifo", options->uart_fifo);
    number(writer, "quantum", options->quantum);
    number(writer, "rtc-epoch", (uint64_t)options->rtc_epoch);
    number(writer, "semihosting", options->semihosting.enabled);
    list_impdefs(writer, machine);
    list_devices(writer, machine);
}

/* The length of the line at `text`, without its end. */
static size_t line_length(const char *text, size_t size)
{
    const char *end = memchr(text, '\n', size);
    return end ? (size_t)(end - text) : size;
}

bool configuration_differs(const struct state_writer *own, const char *other, size_t size, struct text *why)
{
    const char *mine = (const char *)own->data;
    size_t left = own->size;
    if (left == size && !memcmp(mine, other, size))
        return false;
    while (left && size) {
        size_t a = line_length(mine, left), b = line_length(other, size);
        if (a != b || memcmp(mine, other, a))
            break;
        mine += a < left ? a + 1 : a;
        left -= a < left ? a + 1 : a;
        other += b < size ? b + 1 : b;
        size -= b < size ? b + 1 : b;
    }
    char a[96], b[96];
    size_t a_size = line_length(mine, left), b_size = line_length(other, size);
    a_size = a_size < sizeof(a) ? a_size : sizeof(a) - 1;
    b_size = b_size < sizeof(b) ? b_size : sizeof(b) - 1;
    memcpy(a, mine, a_size);
    memcpy(b, other, b_size);
    for (size_t i = 0; i < b_size; i++)
        if (b[i] < ' ' || b[i] > '~')
            b[i] = '?';
    a[a_size] = b[b_size] = '\0';
    text_string(why, "it is of a machine with \"");
    text_string(why, b);
    text_string(why, "\", this one has \"");
    text_string(why, a);
    text_string(why, "\"");
    return true;
}
