/* The C functions of the base instruction set, by the translator that names them (a64.decode). */
#ifndef ARMSIM_CPU_A64_BASE_H
#define ARMSIM_CPU_A64_BASE_H

#include "cpu/pe.h"

system_fn exec_ldst_register, exec_ldst_pair, exec_ldst_literal, exec_ldst_exclusive, exec_ldst_ordered, exec_ldst_cas,
    exec_ldst_casp, exec_ldst_atomic, exec_ldst_rcpc, exec_ldst_unprivileged, exec_ldst_simd_multiple,
    exec_ldst_simd_single, exec_sp_arithmetic, exec_condbranch, exec_condsel, exec_condcmp, exec_flagm;

#endif
