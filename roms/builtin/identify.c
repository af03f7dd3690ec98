#include "identify.h"

#include "../lib/rom.h"

enum id_register { PFR0, PFR1, DFR0, ISAR0, ISAR1, MMFR0, MMFR1, MMFR2, ID_REGISTERS };

/* A feature is there if the field, taken as unsigned, is at least `least`. */
static const struct {
    enum id_register id;
    u8 lsb, least;
    const char *name;
} features[] = {
    {ISAR0, 4, 1, "AES"},     {ISAR0, 4, 2, "PMULL"},    {ISAR0, 8, 1, "SHA1"},    {ISAR0, 12, 1, "SHA256"},
    {ISAR0, 12, 2, "SHA512"}, {ISAR0, 16, 1, "CRC32"},   {ISAR0, 20, 2, "LSE"},    {ISAR0, 28, 1, "RDM"},
    {ISAR0, 32, 1, "SHA3"},   {ISAR0, 36, 1, "SM3"},     {ISAR0, 40, 1, "SM4"},    {ISAR0, 44, 1, "DotProd"},
    {ISAR0, 48, 1, "FHM"},    {ISAR0, 52, 1, "FlagM"},   {ISAR1, 0, 1, "DPB"},     {ISAR1, 4, 1, "PAuth"},
    {ISAR1, 12, 1, "JSCVT"},  {ISAR1, 16, 1, "FCMA"},    {ISAR1, 20, 1, "LRCPC"},  {ISAR1, 32, 1, "FRINTTS"},
    {ISAR1, 36, 1, "SB"},     {ISAR1, 44, 1, "BF16"},    {ISAR1, 52, 1, "I8MM"},   {PFR0, 28, 1, "RAS"},
    {PFR0, 32, 1, "SVE"},     {PFR0, 48, 1, "DIT"},      {PFR0, 56, 1, "CSV2"},    {PFR0, 60, 1, "CSV3"},
    {PFR1, 0, 1, "BTI"},      {PFR1, 4, 1, "SSBS"},      {PFR1, 8, 1, "MTE"},      {MMFR1, 0, 1, "HAFDBS"},
    {MMFR1, 4, 2, "VMID16"},  {MMFR1, 8, 1, "VHE"},      {MMFR1, 12, 1, "HPDS"},   {MMFR1, 16, 1, "LOR"},
    {MMFR1, 20, 1, "PAN"},    {MMFR1, 20, 2, "PAN2"},    {MMFR1, 28, 1, "XNX"},    {MMFR2, 0, 1, "TTCNP"},
    {MMFR2, 4, 1, "UAO"},     {MMFR2, 12, 1, "IESB"},    {MMFR2, 16, 1, "LVA"},    {DFR0, 8, 1, "PMUv3"},
};

static const struct {
    u32 implementer, part;
    const char *name;
} models[] = {
    {0x41, 0xd03, "Cortex-A53"}, {0x41, 0xd04, "Cortex-A35"}, {0x41, 0xd05, "Cortex-A55"}, {0x41, 0xd07, "Cortex-A57"},
    {0x41, 0xd08, "Cortex-A72"}, {0x41, 0xd09, "Cortex-A73"}, {0x41, 0xd0a, "Cortex-A75"}, {0x41, 0xd0b, "Cortex-A76"},
    {0x41, 0xd0c, "Neoverse-N1"},
};

static void identify_model(void)
{
    u32 midr = (u32)READ(midr_el1), implementer = midr >> 24, part = midr >> 4 & 0xfff;
    const char *name = "a model without a name here";
    for (unsigned i = 0; i < sizeof models / sizeof *models; i++)
        if (models[i].implementer == implementer && models[i].part == part)
            name = models[i].name;
    print("PE: %s r%up%u (MIDR_EL1 %08x)\n", name, midr >> 20 & 15, midr & 15, midr);
}

static void identify_features(void)
{
    static const u8 pa_bits[] = {32, 36, 40, 42, 44, 48, 52};
    u64 id[ID_REGISTERS] = {
        [PFR0] = READ(id_aa64pfr0_el1),   [PFR1] = READ(id_aa64pfr1_el1),   [DFR0] = READ(id_aa64dfr0_el1),
        [ISAR0] = READ(id_aa64isar0_el1), [ISAR1] = READ(id_aa64isar1_el1), [MMFR0] = READ(id_aa64mmfr0_el1),
        [MMFR1] = READ(id_aa64mmfr1_el1), [MMFR2] = READ(S3_0_C0_C7_2),
    };
    unsigned floating_point = id[PFR0] >> 16 & 15;
    print("Features:%s%s", floating_point == 15 ? "" : " FP AdvSIMD", floating_point == 1 ? " FP16" : "");
    for (unsigned i = 0; i < sizeof features / sizeof *features; i++) {
        /* PMUVer 15 is a PMU that isn't Arm's. */
        unsigned value = id[features[i].id] >> features[i].lsb & 15;
        if (value >= features[i].least && !(features[i].id == DFR0 && value == 15))
            print(" %s", features[i].name);
    }
    unsigned range = id[MMFR0] & 15;
    print("\nPhysical addresses: %u bits; granules:%s%s%s; ASIDs: %u bits\n", range < 7 ? pa_bits[range] : 0,
          (id[MMFR0] >> 28 & 15) == 15 ? "" : " 4K", (id[MMFR0] >> 20 & 15) ? " 16K" : "",
          (id[MMFR0] >> 24 & 15) == 15 ? "" : " 64K", (id[MMFR0] >> 4 & 15) ? 16 : 8);
}

void identify(void)
{
    print("\nThe machine starts at EL%u and has EL0 EL1%s%s; GICv%u; the counter runs at %lu Hz\n", start_el,
          has_el(2) ? " EL2" : "", has_el(3) ? " EL3" : "", gic_version(), READ(cntfrq_el0));
    identify_model();
    identify_features();
}
