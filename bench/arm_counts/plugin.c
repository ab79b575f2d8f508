// A plugin for qemu-aarch64 that counts the instructions which the emulated program executes, and how many of them are
// multiply-adds of vectors. The program calls getppid with kMark as argument to have both totals printed:
//   qemu-aarch64 -plugin libplugin.so PROGRAM
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Debian packages no qemu-plugin.h: what is used of version 1 of the interface, which qemu 7.2 to 8.2 understand.
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { kInlineAdd = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t id, struct qemu_plugin_tb* block));
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id,
                                          void (*callback)(qemu_plugin_id_t id, unsigned int cpu, int64_t number,
                                                           uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                                                           uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* block, int operation, void* total, uint64_t value);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* block, size_t index);
const void* qemu_plugin_insn_data(const struct qemu_plugin_insn* instruction);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { kGetppid = 173, kMark = 0x706f6c79 };

// One emulated thread adds to them.
static uint64_t instructions, multiply_adds;

// fmla and fmls of four or two lanes: all vectors, and a vector with one lane (A64 encodings, Arm ARM C4.1.96).
static int is_multiply_add(uint32_t word) {
    return (word & 0xBF20FC00U) == 0x0E20CC00U || (word & 0xBF80B400U) == 0x0F801000U;
}

static void count_block(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
    (void)id;
    const size_t count = qemu_plugin_tb_n_insns(block);
    uint64_t found = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t word = 0;
        memcpy(&word, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(block, i)), sizeof word);
        found += is_multiply_add(word);
    }
    qemu_plugin_register_vcpu_tb_exec_inline(block, kInlineAdd, &instructions, count);
    qemu_plugin_register_vcpu_tb_exec_inline(block, kInlineAdd, &multiply_adds, found);
}

static void print_at_mark(qemu_plugin_id_t id, unsigned int cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                          uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)id, (void)cpu, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number == kGetppid && a1 == kMark)
        fprintf(stderr, "executed %" PRIu64 " %" PRIu64 "\n", instructions, multiply_adds);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc,
                                                               char** argv) {
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, count_block);
    qemu_plugin_register_vcpu_syscall_cb(id, print_at_mark);
    return 0;
}
