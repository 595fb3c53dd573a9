// SPDX-License-Identifier: GPL-2.0
/*
 * The SCSI tape driver on scsi_debug's tape, which keeps the first four bytes
 * of each block and reads zeros behind them. With direct I/O and without, with
 * buffers of all alignments: a program must not see which it was.
 */
#include "drivers.h"

#include <sys/mtio.h>

#define BLOCK	512

static const char *parameters;
static char *area, *result;

#define AREA	(3UL << 20)

static int tape(void)
{
	need_module("scsi_debug", "ptype=1 delay=0 ndelay=0");
	need_module("st", parameters);
	return open_soon("/dev/nst0", O_RDWR);
}

static void done(int fd)
{
	close(fd);
	CHECK(unload_module("st"), 0);
	CHECK(unload_module("scsi_debug"), 0);
}

static long op(int fd, int what, int count)
{
	struct mtop mt = { .mt_op = what, .mt_count = count };

	return RC(ioctl(fd, MTIOCTOP, &mt));
}

static void stamp(char *p, unsigned long len, unsigned int seed)
{
	unsigned long i;

	memset(p, 0xee, len);
	for (i = 0; i + 4 <= len; i += BLOCK)
		*(uint32_t *)(void *)(p + i) = seed + i * 2654435761u;
}

/* LEN bytes at P are blocks of SIZE that stamp() filled. */
static void check_stamped(const char *p, const char *from, unsigned long len,
			  unsigned long size)
{
	unsigned long i, j;

	for (i = 0; i < len; i += size) {
		CHECK(memcmp(p + i, from + i, 4), 0);
		for (j = 4; j < size && i + j < len; j++)
			if (p[i + j])
				die("byte %lu is %#x", i + j, p[i + j] & 0xff);
	}
}

/* Nothing was written behind what was read, or before it. */
static void check_untouched(const char *p, unsigned long len)
{
	unsigned long i;

	for (i = 0; i < len; i++)
		if (p[i] != 0x11)
			die("byte %lu was overwritten", i);
}

/* Variable blocks: each write is one, each read returns one. */
static void test_variable_blocks(void)
{
	static const int sizes[] = { 512, 513, 1024, 4095, 4096, 4097, 10240,
				     65536, 65535, 262144, 1000001, 1048576 };
	static const int offsets[] = { 0, 4, 512, 1000, 3, 511, 4092 };
	unsigned int i, o;
	int fd = tape();

	CHECK(op(fd, MTSETBLK, 0), 0);
	for (o = 0; o < ARRAY_SIZE(offsets); o++) {
		char *from = area + offsets[o], *to = result + offsets[o];

		CHECK(op(fd, MTREW, 1), 0);
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			stamp(from, sizes[i], i * 77 + o);
			CHECK(RC(write(fd, from, sizes[i])), sizes[i]);
		}
		CHECK(op(fd, MTWEOF, 1), 0);
		CHECK(op(fd, MTREW, 1), 0);
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			stamp(from, sizes[i], i * 77 + o);
			memset(result, 0x11, AREA);
			CHECK(RC(read(fd, to, sizes[i])), sizes[i]);
			check_stamped(to, from, sizes[i], sizes[i]);
			check_untouched(result, offsets[o]);
			check_untouched(to + sizes[i], 4096);
		}
		/* The file mark, and the end of the data. */
		CHECK(RC(read(fd, to, 4096)), 0);
		CHECK(RC(read(fd, to, 4096)), 0);
	}
	done(fd);
}

/* A read of more than the block has returns the block. */
static void test_short_block(void)
{
	int fd = tape();

	CHECK(op(fd, MTSETBLK, 0), 0);
	stamp(area, 2048, 9);
	CHECK(RC(write(fd, area, 2048)), 2048);
	CHECK(op(fd, MTWEOF, 1), 0);
	CHECK(op(fd, MTREW, 1), 0);
	memset(result, 0x11, AREA);
	CHECK(RC(read(fd, result, 65536)), 2048);
	check_stamped(result, area, 2048, 2048);
	CHECK(op(fd, MTREW, 1), 0);
	/* Less than it has is an error. */
	CHECK(RC(read(fd, result, 1024)), -ENOMEM);
	done(fd);
}

/* Fixed blocks: many of them in one transfer. */
static void test_fixed_blocks(void)
{
	static const int counts[] = { 1, 2, 7, 8, 9, 64, 127, 512, 2048 };
	static const int offsets[] = { 0, 4, 512, 2048, 3, 510 };
	unsigned int i, o;
	int fd = tape();

	CHECK(op(fd, MTSETBLK, BLOCK), 0);
	for (o = 0; o < ARRAY_SIZE(offsets); o++) {
		char *from = area + offsets[o], *to = result + offsets[o];

		CHECK(op(fd, MTREW, 1), 0);
		for (i = 0; i < ARRAY_SIZE(counts); i++) {
			stamp(from, counts[i] * BLOCK, i + 1000 * o);
			CHECK(RC(write(fd, from, counts[i] * BLOCK)),
			      counts[i] * BLOCK);
		}
		CHECK(op(fd, MTWEOF, 1), 0);
		CHECK(op(fd, MTREW, 1), 0);
		for (i = 0; i < ARRAY_SIZE(counts); i++) {
			stamp(from, counts[i] * BLOCK, i + 1000 * o);
			memset(result, 0x11, AREA);
			CHECK(RC(read(fd, to, counts[i] * BLOCK)),
			      counts[i] * BLOCK);
			check_stamped(to, from, counts[i] * BLOCK, BLOCK);
			check_untouched(result, offsets[o]);
			check_untouched(to + counts[i] * BLOCK, 4096);
		}
		CHECK(RC(read(fd, to, BLOCK)), 0);
	}
	CHECK(RC(write(fd, area, BLOCK + 1)), -EINVAL);
	done(fd);
}

/* More than a request can hold goes through the driver's buffer. */
static void test_large_transfer(void)
{
	const unsigned long len = 2UL << 20;
	int fd = tape();

	CHECK(op(fd, MTSETBLK, BLOCK), 0);
	stamp(area, len, 5);
	CHECK(RC(write(fd, area, len)), len);
	CHECK(op(fd, MTREW, 1), 0);
	memset(result, 0x11, AREA);
	CHECK(RC(read(fd, result, len)), len);
	check_stamped(result, area, len, BLOCK);
	check_untouched(result + len, 4096);
	done(fd);
}

/* Pages that are no neighbours, and pages that are. */
static void test_scattered_buffer(void)
{
	const unsigned long pages = 200;
	char *from = map_scattered(pages), *to = map_scattered(pages);
	int fd = tape();

	CHECK(op(fd, MTSETBLK, BLOCK), 0);
	stamp(from, pages * PAGE, 6);
	CHECK(RC(write(fd, from, pages * PAGE)), pages * PAGE);
	CHECK(op(fd, MTREW, 1), 0);
	CHECK(RC(read(fd, to, pages * PAGE)), pages * PAGE);
	check_stamped(to, from, pages * PAGE, BLOCK);
	CHECK(pinned_pages(to, pages), 0);
	CHECK(pinned_pages(from, pages), 0);
	done(fd);
}

static void test_spacing(void)
{
	struct mtget get;
	struct mtpos pos;
	unsigned int i;
	int fd = tape();

	CHECK(op(fd, MTSETBLK, 0), 0);
	for (i = 0; i < 20; i++) {
		stamp(area, 1024, i);
		CHECK(RC(write(fd, area, 1024)), 1024);
		if (i % 5 == 4)
			CHECK(op(fd, MTWEOF, 1), 0);
	}
	CHECK(op(fd, MTREW, 1), 0);
	CHECK(op(fd, MTFSF, 2), 0);
	CHECK(op(fd, MTFSR, 3), 0);
	CHECK(RC(ioctl(fd, MTIOCGET, &get)), 0);
	CHECK(get.mt_fileno, 2);
	CHECK(get.mt_blkno, 3);
	stamp(area, 1024, 13);
	CHECK(RC(read(fd, result, 1024)), 1024);
	check_stamped(result, area, 1024, 1024);
	CHECK(op(fd, MTBSR, 2), 0);
	stamp(area, 1024, 12);
	CHECK(RC(read(fd, result, 1024)), 1024);
	check_stamped(result, area, 1024, 1024);
	CHECK(op(fd, MTBSF, 1), 0);
	CHECK(RC(ioctl(fd, MTIOCPOS, &pos)), 0);
	CHECK(op(fd, MTEOM, 1), 0);
	CHECK(RC(read(fd, result, 1024)) <= 0, 1);
	done(fd);
}

/* Memory that is not there, or not to be written to. */
static void test_bad_buffer(void)
{
	char *p = map_pages(4);
	int fd = tape();

	munmap(p + 2 * PAGE, PAGE);
	CHECK(op(fd, MTSETBLK, 0), 0);
	CHECK(RC(write(fd, p, 4 * PAGE)), -EFAULT);
	/* What the driver's buffer holds of it goes nowhere. */
	done(fd);
	fd = tape();
	CHECK(op(fd, MTSETBLK, 0), 0);
	stamp(area, 16384, 1);
	CHECK(op(fd, MTREW, 1), 0);
	CHECK(RC(write(fd, area, 16384)), 16384);
	CHECK(op(fd, MTREW, 1), 0);
	CHECK(mprotect(p, PAGE, PROT_READ), 0);
	CHECK(RC(read(fd, p, 8192)) < 0, 1);
	CHECK(pinned_pages(p, 2), 0);
	CHECK(pinned_pages(p + 3 * PAGE, 1), 0);
	done(fd);
}

/* A read into memory of a file dirties it: the data is in the file. */
static void test_file_memory(void)
{
	int fd = tape(), file = open("/tmp/file", O_RDWR | O_CREAT, 0600);
	char *p;

	CHECK(ftruncate(file, 65536), 0);
	p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	CHECK(op(fd, MTSETBLK, BLOCK), 0);
	stamp(area, 65536, 3);
	CHECK(RC(write(fd, area, 65536)), 65536);
	CHECK(op(fd, MTREW, 1), 0);
	CHECK(RC(read(fd, p, 65536)), 65536);
	munmap(p, 65536);
	CHECK(RC(pread(file, result, 65536, 0)), 65536);
	check_stamped(result, area, 65536, BLOCK);
	done(fd);
}

static int faulty;

static long transfer(void)
{
	long rc;

	if (op(faulty, MTREW, 1))
		return -1;
	rc = RC(write(faulty, area, 20 * PAGE));
	if (rc != 20 * PAGE)
		return rc < 0 ? rc : -EIO;
	if (op(faulty, MTREW, 1))
		return -1;
	rc = RC(read(faulty, result, 20 * PAGE));
	if (rc != 20 * PAGE)
		return rc < 0 ? rc : -EIO;
	check_stamped(result, area, 20 * PAGE, BLOCK);
	return 0;
}

static void test_allocations_fail(void)
{
	int errors = 0, n;

	faulty = tape();
	CHECK(op(faulty, MTSETBLK, BLOCK), 0);
	stamp(area, 20 * PAGE, 8);
	n = fail_each(transfer, &errors);
	printf("# %d allocations failed, %d errors\n", n, errors);
	CHECK(transfer(), 0);
	done(faulty);
}

static long probe(void)
{
	long rc = RC(syscall(SYS_finit_module, faulty, "", 0));

	if (!rc)
		unload_module("st");
	return rc;
}

/* An allocation that fails while a drive is probed leaves nothing behind. */
static void test_probing_fails(void)
{
	int errors = 0, n;

	need_module("scsi_debug", "ptype=1");
	faulty = open_module("st");
	n = fail_each(probe, &errors);
	printf("# %d allocations failed, %d errors\n", n, errors);
	CHECK(unload_module("scsi_debug"), 0);
}

#define TEST(name) { #name, test_##name }

static const struct test tests[] = {
	TEST(variable_blocks),
	TEST(short_block),
	TEST(fixed_blocks),
	TEST(large_transfer),
	TEST(scattered_buffer),
	TEST(spacing),
	TEST(bad_buffer),
	TEST(file_memory),
	TEST(allocations_fail),
	TEST(probing_fails),
};

int main(void)
{
	static const char * const all[] = { "", "try_direct_io=0" };
	unsigned int i;
	int rc = 0;

	area = aligned_alloc(PAGE, AREA);
	result = aligned_alloc(PAGE, AREA);
	if (!area || !result)
		die("no memory");
	memset(area, 0, AREA);
	memset(result, 0, AREA);
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		parameters = all[i];
		printf("# %s\n", *parameters ? parameters : "direct I/O");
		rc |= run_tests(tests, ARRAY_SIZE(tests));
	}
	return rc;
}
