// SPDX-License-Identifier: GPL-2.0
/*
 * Single reads and writes: each size, alignment, kind of memory and flag, to be
 * done in each way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/fs.h>

#include "compare.h"

#ifndef RWF_ATOMIC
#define RWF_ATOMIC	0x40
#endif
#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE	0x80
#endif

enum kind { ANON, UNTOUCHED, SHARED, READONLY, NOACCESS, HUGETLB, THP, TMPFS,
	    HOLE_FIRST, HOLE_MIDDLE, HOLE_LAST, AT_NULL, AT_KERNEL };

#define END	(-(1L << 40))	/* offsets from the end of the disk */

static const struct op {
	const char *name;
	size_t len;
	off_t pos;		/* below 0: END + offset from the end */
	size_t shift;		/* of the address in its page */
	enum kind kind;
	int flags;
	/* More than one segment: each @seg long, @gap bytes between them. */
	int nr;
	size_t seg, gap;
	bool by_block;		/* lengths and offsets are in blocks */
} table[] = {
	/* Sizes. */
	{ "nothing", 0 },
	{ "a block", 1, .by_block = true },
	{ "a page", 4096 },
	{ "three blocks", 3, .by_block = true },
	{ "64 KiB", 65536, 65536 },
	{ "1 MiB", MIB, MIB },
	{ "6 MiB", 6 * MIB, MIB },
	{ "6 MiB and a shift", 6 * MIB, MIB, .shift = 512 },
	/* Lengths, offsets and addresses that are not aligned. */
	{ "a byte", 1 },
	{ "a byte too many", 4097 },
	{ "100 bytes", 100 },
	{ "half a block", 256 },
	{ "512", 512 },
	{ "offset 1", 4096, 1 },
	{ "offset 256", 4096, 256 },
	{ "offset 512", 4096, 512 },
	{ "offset -1", 4096, -1 },
	{ "offset -512", 4096, -512 },
	{ "address 1", 4096, .shift = 1 },
	{ "address 2", 4096, .shift = 2 },
	{ "address 4", 4096, .shift = 4 },
	{ "address 8", 8192, .shift = 8 },
	{ "address 256", 4096, .shift = 256 },
	{ "address 511", 4096, .shift = 511 },
	{ "address 512", 4096, .shift = 512 },
	{ "address 2048", 65536, .shift = 2048 },
	{ "address 4092", 65536, .shift = 4092 },
	{ "address 4095", 8192, .shift = 4095 },
	/* The end of the disk. */
	{ "the last block", 4096, END - 4096 },
	{ "to the end and over", 65536, END - 8192 },
	{ "1 MiB over the end", 2 * MIB, END - MIB },
	{ "over the end, not aligned", 8192 + 100, END - 8192 },
	{ "over the end, address 512", 65536, END - 8192, .shift = 512 },
	{ "at the end", 4096, END },
	{ "at the end, nothing", 0, END },
	{ "behind the end", 4096, END + 4096 },
	{ "behind the end, not aligned", 100, END + 1 },
	{ "far behind", 4096, 1L << 50 },
	{ "the last offset", 4096, 0x7ffffffffffff000L },
	/* Memory. */
	{ "untouched", 65536, 4096, .kind = UNTOUCHED },
	{ "shared", 65536, 4096, .kind = SHARED },
	{ "read-only", 8192, 4096, .kind = READONLY },
	{ "no access", 8192, 4096, .kind = NOACCESS },
	{ "hugetlb", MIB, 4096, .kind = HUGETLB },
	{ "hugetlb, address 512", MIB, 4096, .shift = 512, .kind = HUGETLB },
	{ "huge page", MIB, 4096, .kind = THP },
	{ "huge page, address 4096", MIB, 4096, .shift = 4096, .kind = THP },
	{ "tmpfs file", 65536, 8192, .kind = TMPFS },
	{ "hole first", 16384, 4096, .kind = HOLE_FIRST },
	{ "hole in the middle", 16384, 4096, .kind = HOLE_MIDDLE },
	{ "hole in the middle, address 512", 16384, 4096, .shift = 512,
	  .kind = HOLE_MIDDLE },
	{ "hole last", 16384, 4096, .kind = HOLE_LAST },
	{ "hole last, address 512", 12288, 4096, .shift = 512,
	  .kind = HOLE_LAST },
	{ "hole in 2 MiB", 2 * MIB, 4096, .kind = HOLE_MIDDLE },
	{ "null", 4096, .kind = AT_NULL },
	{ "kernel", 4096, .kind = AT_KERNEL },
	/* Vectors. */
	{ "two pages apart", 8192, 4096, .nr = 2, .seg = 4096, .gap = 4096 },
	{ "300 pages", 300 * 4096, 4096, .nr = 300, .seg = 4096, .gap = 4096 },
	{ "256 pages", 256 * 4096, 4096, .nr = 256, .seg = 4096, .gap = 4096 },
	{ "257 pages", 257 * 4096, 4096, .nr = 257, .seg = 4096, .gap = 4096 },
	{ "1024 times 512", 1024 * 512, 4096, .nr = 1024, .seg = 512,
	  .gap = 512 },
	{ "1024 times 512 in a row", 1024 * 512, 4096, .nr = 1024, .seg = 512 },
	{ "1025 segments", 1025 * 512, 4096, .nr = 1025, .seg = 512 },
	{ "mixed alignment", 32 * 1024, 4096, .nr = 32, .seg = 1024,
	  .gap = 512 },
	{ "mixed, address 512", 8 * 4096, 4096, .nr = 8, .seg = 4096,
	  .gap = 512, .shift = 512 },
	{ "mixed, address 4", 8 * 4096, 4096, .nr = 8, .seg = 4096,
	  .gap = 516, .shift = 4 },
	{ "segments of 256", 4096, 4096, .nr = 16, .seg = 256, .gap = 256 },
	{ "segments of 100", 800, 4096, .nr = 8, .seg = 100, .gap = 12 },
	{ "segments of 4", 512, 4096, .nr = 128, .seg = 4, .gap = 4 },
	{ "segments of 768", 6144, 4096, .nr = 8, .seg = 768, .gap = 256 },
	{ "segments of 0", 0, 4096, .nr = 4, .seg = 0, .gap = 512 },
	{ "vector with a hole", 4 * 4096, 4096, .nr = 4, .seg = 4096,
	  .kind = HOLE_MIDDLE },
	{ "vector over the end", 4 * 4096, END - 8192, .nr = 4, .seg = 4096,
	  .gap = 4096 },
	{ "vector over the end of a segment", 8 * 3072, END - 4096, .nr = 8,
	  .seg = 3072, .gap = 1024 },
	/* Flags. */
	{ "HIPRI", 4096, 4096, .flags = RWF_HIPRI },
	{ "DSYNC", 4096, 4096, .flags = RWF_DSYNC },
	{ "SYNC", 4096, 4096, .flags = RWF_SYNC },
	{ "APPEND", 4096, 4096, .flags = RWF_APPEND },
	{ "NOWAIT", 4096, 4096, .flags = RWF_NOWAIT },
	{ "NOWAIT 1 MiB", MIB, 4096, .flags = RWF_NOWAIT },
	{ "NOWAIT 2 MiB", 2 * MIB, 4096, .flags = RWF_NOWAIT },
	{ "NOWAIT at the end", 4096, END, .flags = RWF_NOWAIT },
	{ "NOWAIT untouched", 4096, 4096, .flags = RWF_NOWAIT,
	  .kind = UNTOUCHED },
	{ "NOWAIT no access", 4096, 4096, .flags = RWF_NOWAIT,
	  .kind = NOACCESS },
	{ "NOWAIT not aligned", 100, 4096, .flags = RWF_NOWAIT },
	{ "NOWAIT and DSYNC", 4096, 4096, .flags = RWF_NOWAIT | RWF_DSYNC },
	{ "ATOMIC", 4096, 4096, .flags = RWF_ATOMIC },
	{ "ATOMIC a block", 512, 4096, .flags = RWF_ATOMIC },
	{ "ATOMIC 12 KiB", 12288, 4096, .flags = RWF_ATOMIC },
	{ "ATOMIC 16 KiB", 16384, 16384, .flags = RWF_ATOMIC },
	{ "ATOMIC across", 16384, 4096, .flags = RWF_ATOMIC },
	{ "ATOMIC 4 MiB", 4 * MIB, 0, .flags = RWF_ATOMIC },
	{ "ATOMIC over the end", 8192, END - 4096, .flags = RWF_ATOMIC },
	{ "ATOMIC vector", 8192, 8192, .flags = RWF_ATOMIC, .nr = 2,
	  .seg = 4096, .gap = 4096 },
	{ "DONTCACHE", 4096, 4096, .flags = RWF_DONTCACHE },
	{ "an unknown flag", 4096, 4096, .flags = 0x40000000 },
};

/* Memory of its own for each, all of it filled before a read. */
struct area {
	char *base;
	size_t size;
	int fd;
};

static size_t span_of(const struct op *op, size_t len)
{
	return op->shift + (op->nr ? op->nr * (op->seg + op->gap) : len);
}

static void fill(char *p, size_t len, bool write, unsigned int seed)
{
	uint64_t *w = (uint64_t *)p;
	size_t i;

	for (i = 0; i < len / 8; i++)
		w[i] = write ? (i + seed) * 0xd1342543de82ef95ULL :
			       0xa5a5a5a5a5a5a5a5ULL;
}

static bool area_init(struct area *a, enum kind kind, size_t span, bool write,
		      unsigned int seed)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	a->fd = -1;
	a->size = (span + 2 * PAGE - 1) / PAGE * PAGE;
	if (kind == HUGETLB || kind == THP)
		a->size = (a->size + 2 * MIB - 1) / (2 * MIB) * (2 * MIB);
	if (kind == HUGETLB)
		flags |= MAP_HUGETLB;
	if (kind == SHARED)
		flags = MAP_SHARED | MAP_ANONYMOUS;
	if (kind == TMPFS) {
		a->fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
		if (a->fd < 0 || ftruncate(a->fd, a->size))
			die("O_TMPFILE");
		flags = MAP_SHARED;
	}
	a->base = mmap(NULL, a->size, PROT_READ | PROT_WRITE, flags, a->fd, 0);
	if (a->base == MAP_FAILED)
		return false;
	if (kind == THP)
		madvise(a->base, a->size, MADV_HUGEPAGE);
	else if (kind != HUGETLB)
		madvise(a->base, a->size, MADV_NOHUGEPAGE);
	if (kind != UNTOUCHED)
		fill(a->base, a->size, write, seed);
	return true;
}

/* Take away what is not to be there. */
static void area_spoil(struct area *a, enum kind kind)
{
	size_t middle = a->size / 2 / PAGE * PAGE;

	switch (kind) {
	case READONLY:
		mprotect(a->base, a->size, PROT_READ);
		break;
	case NOACCESS:
		mprotect(a->base, a->size, PROT_NONE);
		break;
	case HOLE_FIRST:
		mprotect(a->base, PAGE, PROT_NONE);
		break;
	case HOLE_MIDDLE:
		mprotect(a->base + middle, PAGE, PROT_NONE);
		break;
	case HOLE_LAST:
		mprotect(a->base + a->size - 2 * PAGE, 2 * PAGE, PROT_NONE);
		break;
	default:
		break;
	}
}

static uint64_t area_hash(struct area *a)
{
	mprotect(a->base, a->size, PROT_READ | PROT_WRITE);
	return hash(a->base, a->size);
}

static void area_exit(struct area *a)
{
	munmap(a->base, a->size);
	if (a->fd >= 0)
		close(a->fd);
}

static off_t pos_of(const struct op *op, unsigned int block, uint64_t size)
{
	/* Far below zero is from the end, just below is an error. */
	if (op->pos < END / 2)
		return size + (op->pos - END);
	return op->by_block ? op->pos * block : op->pos;
}

/* The place on the disk, and what is around it. */
static void around(off_t pos, size_t len, uint64_t size, uint64_t *from,
		   uint64_t *to)
{
	*from = *to = 0;
	if (pos < 0 || pos > (off_t)size)
		return;
	*from = pos > 65536 ? (pos - 65536) / 4096 * 4096 : 0;
	*to = (pos + len + 65536 + 4095) / 4096 * 4096;
	if (*to > size)
		*to = size;
}

/*
 * null_blk and brd get the data wrong if a segment is not a whole number of
 * blocks, and then where one ends depends on what memory is contiguous.
 */
static bool exact(const struct op *op, size_t len, unsigned int block)
{
	if (strncmp(disk->name, "null", 4) && strcmp(disk->name, "plain") &&
	    strcmp(disk->name, "dm") && strcmp(disk->name, "brd"))
		return true;
	return !(op->shift % block) &&
	       !(op->nr && (op->seg % block || op->gap % block));
}

/* The emulated CPU is slow: not everywhere, and not what splits it likewise. */
static bool large_is_wanted(enum engine e)
{
	return (!strcmp(disk->name, "plain") || !strcmp(disk->name, "nvme")) &&
	       (e == SYNC || e == AIO || e == URING || e == IOPOLL);
}

/* Reads and writes that did something. */
static int nr_good;

static void one(enum engine e, const struct op *op, bool write, int fd,
		unsigned int block, uint64_t size)
{
	static struct iovec iov[1025];
	size_t len = op->by_block ? op->len * block : op->len;
	struct req rq = { .write = write, .iov = iov, .flags = op->flags };
	unsigned int seed = op - table;
	struct area a;
	double start, took;
	char key[96], *p;
	uint64_t from, to;
	int i;
	long ret;

	if (len > 4 * MIB && !large_is_wanted(e))
		return;
	snprintf(key, sizeof(key), "%s %s", write ? "write" : "read", op->name);
	if (!area_init(&a, op->kind, span_of(op, len), write, seed * 7919))
		die(key);
	area_spoil(&a, op->kind);
	p = a.base + op->shift;
	if (op->kind == AT_NULL)
		p = NULL;
	if (op->kind == AT_KERNEL)
		p = (char *)0xffff888000100000UL;
	rq.nr = op->nr ? op->nr : 1;
	for (i = 0; i < rq.nr; i++) {
		iov[i].iov_base = p + i * (op->seg + op->gap);
		iov[i].iov_len = op->nr ? op->seg : len;
	}
	rq.pos = pos_of(op, block, size);
	/* All of it can be registered, or a part of it cannot be used. */
	if (op->nr) {
		rq.reg.iov_base = a.base;
		rq.reg.iov_len = a.size;
	}
	/* What one did is not seen by the next. */
	around(rq.pos, len, size, &from, &to);
	start = now();
	ret = do_io(e, fd, &rq);
	took = now() - start;
	if (ret > 0)
		nr_good++;
	see(key, "%s%s, data %08x, disk %08x", result(ret),
	    !disk->slow && took > 5 ? " after long" : "",
	    exact(op, len, block) ? (unsigned int)area_hash(&a) : 0,
	    write && to && exact(op, len, block) ?
		(unsigned int)hash_of_disk(from, to - from) : 0);
	if (write && !disk->slow)
		prepare_range(from, to);
	area_exit(&a);
}

void ops(int engine)
{
	unsigned int block = block_of_disk();
	uint64_t size = size_of_disk();
	int fd = open_node(O_RDWR);
	size_t i;

	write_file("16", "/proc/sys/vm/nr_hugepages");
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		one(engine, &table[i], false, fd, block, size);
		one(engine, &table[i], true, fd, block, size);
	}
	must("good", nr_good > 30, "%d did something", nr_good);
	see("fsync", "%s", result(sysret(fsync(fd))));
	close(fd);
}
