/* A guest of KVM: a few instructions at EL1 that store to a device, read the counter, take an exception of their own,
 * and power off by PSCI. Exits with 0 when all that was seen. */
#include <asm/ptrace.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum { RAM = 0x40000000, RAM_SIZE = 0x10000, DEVICE = 0x10000000 };

static const uint32_t code[] = {
    0xd2a20000, /* mov x0, #0x10000000 */
    0x52800901, /* mov w1, #'H' */
    0x39000001, /* strb w1, [x0] */
    0,          /* adr x2, the vectors: set below */
    0xd518c002, /* msr vbar_el1, x2 */
    0xd4000001, /* svc #0: to the vector at VBAR + 0x200 */
    0xb9400403, /* ldr w3, [x0, #4] */
    0xb9000803, /* str w3, [x0, #8] */
    0xd53be044, /* mrs x4, cntvct_el0 */
    0xd2800100, /* mov x0, #8 */
    0xf2b08000, /* movk x0, #0x8400, lsl #16: PSCI SYSTEM_OFF */
    0xd4000002, /* hvc #0 */
    0x14000000,
};

/* The machine's own kind of interrupt controller, at the places of the board virt. */
static int make_gic(int vm)
{
    static const struct {
        uint32_t type;
        const char *name;
        struct {
            uint64_t kind, address;
        } frames[2];
    } kinds[] = {
        {KVM_DEV_TYPE_ARM_VGIC_V3, "v3", {{KVM_VGIC_V3_ADDR_TYPE_DIST, 0x8000000}, {KVM_VGIC_V3_ADDR_TYPE_REDIST, 0x80a0000}}},
        {KVM_DEV_TYPE_ARM_VGIC_V2, "v2", {{KVM_VGIC_V2_ADDR_TYPE_DIST, 0x8000000}, {KVM_VGIC_V2_ADDR_TYPE_CPU, 0x8010000}}},
    };
    for (int i = 0; i < 2; i++) {
        struct kvm_create_device device = {.type = kinds[i].type};
        if (ioctl(vm, KVM_CREATE_DEVICE, &device) < 0)
            continue;
        for (int frame = 0; frame < 2; frame++) {
            uint64_t address = kinds[i].frames[frame].address;
            struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_ADDR, .attr = kinds[i].frames[frame].kind,
                                           .addr = (uint64_t)&address};
            if (ioctl(device.fd, KVM_SET_DEVICE_ATTR, &attr) < 0)
                return perror("gic address"), -1;
        }
        struct kvm_device_attr init = {.group = KVM_DEV_ARM_VGIC_GRP_CTRL, .attr = KVM_DEV_ARM_VGIC_CTRL_INIT};
        if (ioctl(device.fd, KVM_SET_DEVICE_ATTR, &init) < 0)
            return perror("gic init"), -1;
        printf("kvm_guest: virtual GIC%s\n", kinds[i].name);
        return 0;
    }
    return -1;
}

int main(void)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) {
        perror("/dev/kvm");
        return 1;
    }
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    uint32_t *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memcpy(ram, code, sizeof(code));
    ram[3] = 0x10000002 | (0x800 - 12) / 4 << 5; /* adr x2, RAM + 0x800 */
    ram[(0x800 + 0x200) / 4] = 0x52800b21;       /* mov w1, #'Y' */
    ram[(0x800 + 0x204) / 4] = 0x39000001;       /* strb w1, [x0] */
    ram[(0x800 + 0x208) / 4] = 0xd69f03e0;       /* eret */
    struct kvm_userspace_memory_region region = {
        .guest_phys_addr = RAM, .memory_size = RAM_SIZE, .userspace_addr = (uint64_t)ram};
    if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
        return perror("memory"), 1;
    int cpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    struct kvm_vcpu_init init;
    if (cpu < 0 || ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init) < 0)
        return perror("vcpu"), 1;
    init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
    if (ioctl(cpu, KVM_ARM_VCPU_INIT, &init) < 0)
        return perror("init"), 1;
    if (make_gic(vm) < 0)
        return 1;
    uint64_t pc = RAM;
    struct kvm_one_reg reg = {.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.pc),
                              .addr = (uint64_t)&pc};
    if (ioctl(cpu, KVM_SET_ONE_REG, &reg) < 0)
        return perror("pc"), 1;
    int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
    char seen[64] = "";
    for (size_t n = 0; n + 1 < sizeof(seen);) {
        if (ioctl(cpu, KVM_RUN, 0) < 0)
            return perror("run"), 1;
        if (run->exit_reason == KVM_EXIT_MMIO) {
            uint64_t offset = run->mmio.phys_addr - DEVICE;
            if (run->mmio.is_write && (offset == 0 || offset == 8))
                seen[n++] = run->mmio.data[0];
            else if (!run->mmio.is_write && offset == 4)
                memcpy(run->mmio.data, "P\0\0", 4);
            else
                seen[n++] = '?';
        } else if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT) {
            printf("kvm_guest: %s, then system event %u\n", seen, run->system_event.type);
            return strcmp(seen, "HYP") || run->system_event.type != KVM_SYSTEM_EVENT_SHUTDOWN;
        } else {
            printf("kvm_guest: %s, then exit reason %u\n", seen, run->exit_reason);
            return 1;
        }
    }
    return 1;
}
