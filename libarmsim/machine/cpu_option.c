/* "model,feature=on|off,...": the CPU option; and the choices that the architecture leaves open. */
#include "libarmsim/machine/machine.h"

#include "libarmsim/machine/text.h"

#include <string.h>

enum { NAME_MAX_LENGTH = 63 };

/* Copies up to the next ',' or '='; returns where it stopped, or NULL when the name is too long or empty. */
static const char *take_name(const char *text, const char *stops, char name[NAME_MAX_LENGTH + 1])
{
    size_t length = strcspn(text, stops);
    if (!length || length > NAME_MAX_LENGTH)
        return NULL;
    memcpy(name, text, length);
    name[length] = '\0';
    return text + length;
}

static int switch_feature(struct armsim_machine *machine, const char *name, const char *value)
{
    enum feature feature = feature_find(name);
    if (feature == FEATURE_COUNT)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "cpu: unknown feature '%s'", name);
    bool on = strcmp(value, "on") == 0;
    if (!on && strcmp(value, "off") != 0)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "cpu: feature %s is '%s', on or off expected", name, value);
    if (!feature_set_change(&machine->features, feature, on))
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "cpu: feature %s is not implemented in this build", name);
    return 0;
}

/* Without a GICv3 the PE has no system register interface to one, whatever its model. */
static void drop_gicv3(struct armsim_machine *machine)
{
    if (machine->board->gic && machine->options.gic_version < 3)
        feature_set_change(&machine->features, FEATURE_GICv3, false);
}

int machine_parse_cpu(struct armsim_machine *machine)
{
    const char *text = machine->options.cpu;
    char name[NAME_MAX_LENGTH + 1], value[NAME_MAX_LENGTH + 1];
    const char *at = text ? take_name(text, ",", name) : NULL;
    if (!at)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "cpu: '%s' given, a model's name expected",
                            text ? text : "");
    machine->model = cpu_model_find(name);
    if (!machine->model)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "cpu: unknown model '%s'", name);
    machine->features = machine->model->features;
    while (*at == ',') {
        at = take_name(at + 1, "=,", name);
        if (!at || *at != '=')
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "cpu: '%s': feature=on or feature=off expected", text);
        at = take_name(at + 1, ",", value);
        if (!at)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "cpu: feature %s: on or off expected", name);
        int result = switch_feature(machine, name, value);
        if (result < 0)
            return result;
    }
    drop_gicv3(machine);
    return 0;
}

static int no_choice(struct armsim_machine *machine, const struct armsim_impdef *given)
{
    const struct impdef_info *info;
    for (size_t i = 0; (info = impdef_info(i)) != NULL; i++) {
        if (strcmp(info->name, given->name) != 0)
            continue;
        char values[200];
        struct text text = text_begin(values, sizeof(values));
        for (size_t n = 0; n < info->value_count; n++) {
            text_string(&text, n ? " or " : "");
            text_string(&text, info->values[n]);
        }
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "impdef: %s is '%s', %s expected", given->name,
                            given->value, values);
    }
    return machine_fail(machine, ARMSIM_ERROR_OPTION, "impdef: there is no choice '%s'", given->name);
}

int machine_choose_impdefs(struct armsim_machine *machine)
{
    machine->impdefs = impdef_defaults;
    for (size_t i = 0; i < machine->options.impdef_count; i++) {
        const struct armsim_impdef *given = &machine->options.impdefs[i];
        if (!given->name || !given->value)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "impdef %zu: no name or no value", i);
        if (!impdef_choose(&machine->impdefs, given->name, given->value))
            return no_choice(machine, given);
    }
    return 0;
}
