/* What assembly has to know; vcpu.c asserts it. */
#ifndef VISOR_LAYOUT_H
#define VISOR_LAYOUT_H

#define VCPU_PC 248
#define VCPU_ESR 264
#define VCPU_HPFAR 280
#define STACK_SHIFT 14
#define MAX_PES 8

#endif
