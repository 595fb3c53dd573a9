// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU: how often each instruction is executed between the two
 * markers of bench.c.  A line for each to the file that out= names:
 *
 *	NUMBER ADDRESS COUNT
 *
 * where NUMBER is 1 for the first pair of markers, 2 for the second one.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From QEMU's qemu-plugin.h, which is not packaged */
typedef uint64_t plugin_id;
struct tb;
struct insn;
int qemu_plugin_version = 1;
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
					   void (*cb)(plugin_id, struct tb *));
void qemu_plugin_register_vcpu_insn_exec_inline(struct insn *insn, int op,
						void *p, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct insn *insn,
					    void (*cb)(unsigned int, void *),
					    int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct tb *tb);
struct insn *qemu_plugin_tb_get_insn(const struct tb *tb, size_t idx);
const void *qemu_plugin_insn_data(const struct insn *insn);
size_t qemu_plugin_insn_size(const struct insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct insn *insn);

#define SLOTS	(1 << 20)
static struct { uint64_t addr, count; } slot[SLOTS];
static FILE *out;

static uint64_t *counter(uint64_t addr)
{
	uint64_t i = (addr * 0x9e3779b97f4a7c15ULL) >> 44;

	while (slot[i].addr && slot[i].addr != addr)
		i = (i + 1) % SLOTS;
	slot[i].addr = addr;
	return &slot[i].count;
}

/* Called before the marker is counted */
static void marker(unsigned int cpu, void *is_first)
{
	static int number;
	size_t i;

	(void)cpu;
	number += !!is_first;
	for (i = 0; i < SLOTS; i++) {
		if (!is_first && slot[i].count)
			fprintf(out, "%d %016lx %lu\n", number, slot[i].addr,
				slot[i].count);
		slot[i].count = 0;
	}
	fflush(out);
}

static void translate(plugin_id id, struct tb *tb)
{
	static const char nopl[] = "\x0f\x1f\x80", text[] = "oik";
	size_t i;

	(void)id;
	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const char *p = qemu_plugin_insn_data(insn);

		qemu_plugin_register_vcpu_insn_exec_inline(insn, 0,
			counter(qemu_plugin_insn_vaddr(insn)), 1);
		if (qemu_plugin_insn_size(insn) == 7 && !memcmp(p, nopl, 3) &&
		    !memcmp(p + 4, text, 3))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marker, 0,
				(void *)(uintptr_t)(p[3] & 1));
	}
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return 1;
	out = fopen(argv[0] + 4, "w");
	if (!out)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
