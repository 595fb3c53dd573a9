// SPDX-License-Identifier: GPL-2.0
/*
 * What a program maps for a vDPA device through /dev/vhost-vdpa-0 is pinned
 * for as long as the device can get at it, and is charged to mm->pinned_vm.
 * Runs on the device of modules/vdpa_watch.c, which maps range by range or
 * the whole map at once, and can fail.
 */
#include "drivers.h"

#include <linux/vhost.h>
#include <linux/vhost_types.h>

#define PARAMETERS	"/sys/module/vdpa_watch/parameters/"
#define IOVA		0x100000000ULL

static const char *mode;
static int vhost;

static void setup(const char *parameters)
{
	need_module("vdpa_watch", parameters);
	need_module("vhost_vdpa", "");
	vhost = open_soon("/dev/vhost-vdpa-0", O_RDWR);
	CHECK(RC(ioctl(vhost, VHOST_SET_OWNER)), 0);
	/* In case that the test before this one failed. */
	write_file(PARAMETERS "unpinned", "0");
	write_file(PARAMETERS "fail_at", "0");
}

static void teardown(void)
{
	close(vhost);
	CHECK(read_long(PARAMETERS "unpinned"), 0);
	CHECK(unload_module("vhost_vdpa"), 0);
	CHECK(unload_module("vdpa_watch"), 0);
}

static long iotlb(unsigned int type, uint64_t iova, uint64_t size, void *addr,
		  unsigned int perm)
{
	struct vhost_msg_v2 msg = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.iova = iova,
			.size = size,
			.uaddr = (uintptr_t)addr,
			.perm = perm,
			.type = type,
		},
	};
	long rc = RC(write(vhost, &msg, sizeof(msg)));

	return rc == sizeof(msg) ? 0 : rc;
}

/* vhost turns whatever goes wrong with an update into -EFAULT. */
static long map(uint64_t iova, void *addr, unsigned long pages)
{
	return iotlb(VHOST_IOTLB_UPDATE, iova, pages * PAGE, addr,
		     VHOST_ACCESS_RW);
}

static long unmap(uint64_t iova, unsigned long pages)
{
	return iotlb(VHOST_IOTLB_INVALIDATE, iova, pages * PAGE, NULL, 0);
}

static void batch(unsigned int type)
{
	CHECK(iotlb(type, 0, 0, NULL, 0), 0);
}

static void fail_at(int n)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%d", n);
	write_file(PARAMETERS "fail_at", buf);
}

#define EXPECT(p, nr, pinned) do {				\
	CHECK(pinned_pages(p, nr), pinned);			\
	CHECK(status_pages("VmPin"), pinned);			\
} while (0)

static void test_map_pins_and_charges(void)
{
	char *p = map_pages(600);

	setup(mode);
	CHECK(map(IOVA, p, 600), 0);
	EXPECT(p, 600, 600);
	CHECK(unmap(IOVA, 600), 0);
	EXPECT(p, 600, 0);
	CHECK(read_long(PARAMETERS "mapped"), 0);
	teardown();
}

/* An iova that is not page aligned takes the pages that it touches. */
static void test_unaligned_range_takes_whole_pages(void)
{
	char *p = map_scattered(4);

	setup(mode);
	CHECK(iotlb(VHOST_IOTLB_UPDATE, IOVA + 0x800, PAGE, p + 0x800,
		    VHOST_ACCESS_RW), 0);
	EXPECT(p, 4, 2);
	CHECK(iotlb(VHOST_IOTLB_INVALIDATE, IOVA + 0x800, PAGE, NULL, 0), 0);
	EXPECT(p, 4, 0);
	teardown();
}

/* What is unmapped is unpinned, not when the last part of an update is. */
static void test_a_part_is_released_alone(void)
{
	char *p = map_scattered(600);

	setup(mode);
	CHECK(map(IOVA, p, 600), 0);
	EXPECT(p, 600, 600);
	CHECK(unmap(IOVA, 10), 0);
	EXPECT(p, 600, 590);
	CHECK(pinned_pages(p, 10), 0);
	CHECK(unmap(IOVA + 300 * PAGE, 1), 0);
	EXPECT(p, 600, 589);
	CHECK(unmap(IOVA + 590 * PAGE, 100), 0);
	EXPECT(p, 600, 579);
	CHECK(unmap(0, ~0UL / PAGE), 0);
	EXPECT(p, 600, 0);
	teardown();
}

static void test_close_releases_all(void)
{
	char *p = map_scattered(600);

	setup(mode);
	CHECK(map(IOVA, p, 600), 0);
	CHECK(unmap(IOVA, 10), 0);
	close(vhost);
	EXPECT(p, 600, 0);
	teardown();
}

static void test_overlap_is_refused(void)
{
	char *p = map_pages(32);

	setup(mode);
	CHECK(map(IOVA, p, 16), 0);
	CHECK(map(IOVA + 15 * PAGE, p + 16 * PAGE, 16), -EFAULT);
	EXPECT(p, 32, 16);
	CHECK(map(IOVA + 16 * PAGE, p + 16 * PAGE, 16), 0);
	EXPECT(p, 32, 32);
	teardown();
}

static void test_bad_ranges_are_refused(void)
{
	char *p = map_pages(4);

	setup(mode);
	CHECK(map(IOVA, p, 0), -EINVAL);
	CHECK(iotlb(VHOST_IOTLB_UPDATE, ~0ULL - PAGE + 1, 2 * PAGE, p,
		    VHOST_ACCESS_RW), -EFAULT);
	EXPECT(p, 4, 0);
	teardown();
}

/* RLIMIT_MEMLOCK holds for all alike: CAP_IPC_LOCK does not lift it. */
static void test_limit(void)
{
	struct rlimit rl = { 16 * PAGE, 16 * PAGE };
	char *p = map_pages(32);

	setup(mode);
	CHECK(setrlimit(RLIMIT_MEMLOCK, &rl), 0);
	CHECK(map(IOVA, p, 17), -EFAULT);
	EXPECT(p, 32, 0);
	CHECK(map(IOVA, p, 10), 0);
	CHECK(map(IOVA + 10 * PAGE, p + 10 * PAGE, 7), -EFAULT);
	CHECK(map(IOVA + 10 * PAGE, p + 10 * PAGE, 6), 0);
	EXPECT(p, 32, 16);
	CHECK(unmap(IOVA, 16), 0);
	EXPECT(p, 32, 0);
	CHECK(map(IOVA, p, 16), 0);
	teardown();
}

/* A hole fails all of it, wherever it is. */
static void test_hole(void)
{
	static const int holes[] = { 0, 1, 511, 512, 700, 1023, 1024, 1299 };
	unsigned int i;
	char *p;

	setup(mode);
	for (i = 0; i < ARRAY_SIZE(holes); i++) {
		p = map_scattered(1300);
		munmap(p + holes[i] * PAGE, PAGE);
		CHECK(map(IOVA, p, 1300), -EFAULT);
		EXPECT(p, holes[i], 0);
		CHECK(pinned_pages(p + (holes[i] + 1) * PAGE,
				   1299 - holes[i]), 0);
		CHECK(read_long(PARAMETERS "mapped"), 0);
		munmap(p, 1300 * PAGE);
	}
	teardown();
}

/*
 * A device that can not map one of the ranges: nothing is left of the update.
 * 1300 pages that are no neighbours are 1300 ranges.
 */
static void test_error_in_the_middle(void)
{
	static const int fail[] = { 1, 2, 511, 512, 513, 514, 1024, 1025,
				    1299, 1300 };
	char *p = map_scattered(1300);
	unsigned int i;

	setup(mode);
	for (i = 0; i < ARRAY_SIZE(fail); i++) {
		fail_at(fail[i]);
		CHECK(map(IOVA, p, 1300), -EFAULT);
		fail_at(0);
		EXPECT(p, 1300, 0);
		CHECK(unmap(IOVA, 1300), 0);
	}
	CHECK(map(IOVA, p, 1300), 0);
	EXPECT(p, 1300, 1300);
	teardown();
}

/* The same when the ranges are of several pages each. */
static void test_error_behind_a_long_range(void)
{
	char *p = map_pages(2000);
	int i;

	setup(mode);
	for (i = 1; i < 20; i++) {
		fail_at(i);
		if (map(IOVA, p, 2000)) {
			EXPECT(p, 2000, 0);
		} else {
			/* Less than i ranges. */
			EXPECT(p, 2000, 2000);
			CHECK(unmap(IOVA, 2000), 0);
			break;
		}
	}
	fail_at(0);
	EXPECT(p, 2000, 0);
	teardown();
}

/*
 * In a batch the device keeps the old map until the end of the batch, and the
 * pages stay pinned as long.
 */
static void test_batch(void)
{
	char *p = map_scattered(64);

	setup(mode);
	CHECK(map(IOVA, p, 64), 0);
	batch(VHOST_IOTLB_BATCH_BEGIN);
	CHECK(unmap(IOVA, 32), 0);
	CHECK(map(IOVA, p, 8), 0);
	CHECK(unmap(IOVA, 4), 0);
	batch(VHOST_IOTLB_BATCH_END);
	EXPECT(p, 64, 36);
	CHECK(unmap(IOVA, 64), 0);
	EXPECT(p, 64, 0);
	teardown();
}

/* A batch that replaces a range has to fit into the limit only after it. */
static void test_limit_in_a_batch(void)
{
	struct rlimit rl = { 16 * PAGE, 16 * PAGE };
	char *p = map_scattered(64);
	int i;

	setup(mode);
	CHECK(setrlimit(RLIMIT_MEMLOCK, &rl), 0);
	CHECK(map(IOVA, p, 16), 0);
	batch(VHOST_IOTLB_BATCH_BEGIN);
	for (i = 1; i < 4; i++) {
		CHECK(map(IOVA + 16 * PAGE, p + i * 16 * PAGE, 1), -EFAULT);
		CHECK(unmap(IOVA, 16), 0);
		CHECK(map(IOVA, p + i * 16 * PAGE, 16), 0);
	}
	batch(VHOST_IOTLB_BATCH_END);
	EXPECT(p, 64, 16);
	CHECK(pinned_pages(p + 48 * PAGE, 16), 16);
	teardown();
}

static void test_close_in_a_batch(void)
{
	char *p = map_scattered(64);

	setup(mode);
	CHECK(map(IOVA, p, 64), 0);
	batch(VHOST_IOTLB_BATCH_BEGIN);
	CHECK(unmap(IOVA, 32), 0);
	close(vhost);
	EXPECT(p, 64, 0);
	teardown();
}

/* A map that the device did not take leaves the old one: so its pages stay. */
static void test_device_keeps_its_map_on_error(void)
{
	char *p = map_scattered(64);

	setup(mode);
	CHECK(map(IOVA, p, 64), 0);
	fail_at(1);
	CHECK(unmap(IOVA, 32), 0);
	fail_at(0);
	CHECK(unmap(IOVA + 32 * PAGE, 32), 0);
	EXPECT(p, 64, 0);
	teardown();
}

/* What the device may write is dirty afterwards, also in a file. */
static void test_read_only_memory_is_not_for_writing(void)
{
	char *p = map_pages(4);

	setup(mode);
	CHECK(mprotect(p, 4 * PAGE, PROT_READ), 0);
	CHECK(iotlb(VHOST_IOTLB_UPDATE, IOVA, 4 * PAGE, p, VHOST_ACCESS_RW),
	      -EFAULT);
	EXPECT(p, 4, 0);
	CHECK(iotlb(VHOST_IOTLB_UPDATE, IOVA, 4 * PAGE, p, VHOST_ACCESS_RO), 0);
	EXPECT(p, 4, 4);
	teardown();
}

static char *faulty;

static long map_faulty(void)
{
	long rc = map(IOVA, faulty, 40);

	if (rc)
		EXPECT(faulty, 40, 0);
	else
		unmap(IOVA, 40);
	return rc;
}

static void test_allocations_fail(void)
{
	int errors = 0, n;

	faulty = map_scattered(40);
	setup(mode);
	n = fail_each(map_faulty, &errors);
	printf("# %d allocations failed, %d errors\n", n, errors);
	CHECK(n == -1 || errors > 0, 1);
	EXPECT(faulty, 40, 0);
	teardown();
}

#define TEST(name) { #name, test_##name }

static const struct test tests[] = {
	TEST(map_pins_and_charges),
	TEST(unaligned_range_takes_whole_pages),
	TEST(a_part_is_released_alone),
	TEST(close_releases_all),
	TEST(overlap_is_refused),
	TEST(bad_ranges_are_refused),
	TEST(limit),
	TEST(hole),
	TEST(error_in_the_middle),
	TEST(error_behind_a_long_range),
	TEST(batch),
	TEST(limit_in_a_batch),
	TEST(close_in_a_batch),
	TEST(device_keeps_its_map_on_error),
	TEST(read_only_memory_is_not_for_writing),
	TEST(allocations_fail),
};

int main(void)
{
	static const char * const modes[] = { "batch=0", "batch=1" };
	unsigned int i;
	int rc = 0;

	need_module("vhost_iotlb", "");
	need_module("vhost", "max_iotlb_entries=4096");
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		mode = modes[i];
		printf("# %s\n", mode);
		rc |= run_tests(tests, ARRAY_SIZE(tests));
	}
	return rc;
}
