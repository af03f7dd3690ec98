/* What can be chosen: models, features, IMPLEMENTATION DEFINED choices. */
#include "libarmsim/api/check.h"

#include <string.h>

const char *armsim_cpu_model_at(size_t index)
{
    const struct cpu_model *model = cpu_model_at(index);
    return model ? model->name : NULL;
}

const char *armsim_feature_at(size_t index)
{
    return index < FEATURE_COUNT ? feature_info((enum feature)index)->name : NULL;
}

int armsim_has_feature(const struct armsim_machine *machine, uint32_t pe, const char *name)
{
    REQUIRE_CONST(machine, pe < machine->pe_count && name);
    enum feature feature = feature_find(name);
    return feature == FEATURE_COUNT ? ARMSIM_ERROR_NOT_FOUND : has_feature(machine->pes[pe], feature);
}

int armsim_impdef_at(size_t index, struct armsim_impdef_info *info)
{
    if (!info)
        return ARMSIM_ERROR_ARGUMENT;
    const struct impdef_info *row = impdef_info(index);
    if (!row)
        return ARMSIM_ERROR_NOT_FOUND;
    *info = (struct armsim_impdef_info){
        .name = row->name,
        .description = row->description,
        .default_value = row->values[impdef_defaults.value[index]],
        .values = row->values,
        .value_count = row->value_count,
    };
    return 0;
}

const char *armsim_impdef_value(const struct armsim_machine *machine, const char *name)
{
    if (!usable(machine) || !name)
        return NULL;
    const struct impdef_info *row;
    for (size_t i = 0; (row = impdef_info(i)) != NULL; i++)
        if (strcmp(row->name, name) == 0)
            return row->values[machine->impdefs.value[i]];
    return NULL;
}
