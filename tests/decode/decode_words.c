/*
 * decode_words MODEL: reads instruction words (hexadecimal, one a line) and writes the form that each is for a CPU model,
 * or '-' when it is unallocated; the first line lists the model's features. Model "all" has every feature of this build.
 * decode_words --forms: writes mask, value and name of every row of the decode tables.
 */
#include "cpu/a64_forms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool find_features(const char *model_name, struct feature_set *features)
{
    const struct cpu_model *model = cpu_model_find(model_name);
    memset(features, 0, sizeof *features);
    if (model)
        *features = model->features;
    else if (strcmp(model_name, "all") != 0)
        return false;
    else
        for (enum feature feature = 0; feature < FEATURE_COUNT; feature++)
            if (feature_info(feature)->built)
                feature_set_set(features, feature, true);
    return true;
}

int main(int argc, char **argv)
{
    struct feature_set features;
    if (argc == 2 && !strcmp(argv[1], "--forms")) {
        for (unsigned form = A64_UNALLOCATED + 1; form < A64_FORM_COUNT; form++)
            printf("%08" PRIx32 " %08" PRIx32 " %s\n", a64_forms[form].mask, a64_forms[form].value, a64_forms[form].name);
        return 0;
    }
    if (argc != 2 || !find_features(argv[1], &features)) {
        fprintf(stderr, "usage: decode_words MODEL|all|--forms\n");
        return 2;
    }
    for (enum feature feature = 0; feature < FEATURE_COUNT; feature++)
        if (feature_set_has(&features, feature))
            printf("%s ", feature_info(feature)->name);
    putchar('\n');
    uint32_t word;
    while (scanf("%" SCNx32, &word) == 1) {
        enum a64_form form = a64_decode(word, &features);
        puts(form == A64_UNALLOCATED ? "-" : a64_forms[form].name);
    }
    return 0;
}
