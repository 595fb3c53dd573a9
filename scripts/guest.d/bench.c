// SPDX-License-Identifier: GPL-2.0
/*
 * bench NAME=FILE...: instructions per I/O on files that lead to devices of the
 * same kind.  For a guest whose time stamp counter ticks once per instruction.
 * Each figure is the smallest of several batches: the timer interrupt is in
 * some, but not in all.  A line for each:
 *
 *	bench: HOW RW BYTES MEMORY NAME INSTRUCTIONS
 *
 * bench --fs NAME=FILE...: the same on files of file systems, which have a line
 * each; HOW is their name.
 * bench --pins: long-term pins of 1 GiB.
 * bench --late NAME=FILE...: how late, in nanoseconds, a timer of a real-time
 * thread comes at worst while 512 MiB are read.  Not right after boot, before
 * timers have a high resolution.
 * bench --profile HOW RW BYTES MEMORY NAME=FILE: 64 I/Os between markers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>

#define BATCHES	9
#define DEPTH	32
#define BUFFER	(4UL << 20)	/* DEPTH buffers of 64 KiB fit twice */
#define HUGE	(2UL << 20)
#define PAGE	4096UL

#define MAX_FILES	4

enum memory { ORDER0, SHUFFLED, MTHP, THP, THP_PTE, HUGETLB, NR_MEMORY };

static const char * const memory_name[NR_MEMORY] = {
	"order-0", "shuffled", "64K", "THP", "THP-pte", "hugetlb",
};

struct job {
	int fd;
	char *buf;
	size_t size;
	int is_write;
};

static void die(const char *what)
{
	printf("bench: error: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put(const char *file, const char *value)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(file);
	close(fd);
}

#define THP_DIR	"/sys/kernel/mm/transparent_hugepage/"

static void use_folios_of(enum memory kind)
{
	put(THP_DIR "hugepages-2048kB/enabled",
	    kind == THP || kind == THP_PTE ? "madvise" : "never");
	put(THP_DIR "hugepages-64kB/enabled",
	    kind == MTHP ? "madvise" : "never");
}

/* Physical pages that belong together, as the kernel tells us */
static size_t contiguous(const char *p, size_t len)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t first, entry;
	size_t n;

	if (fd < 0)
		die("/proc/self/pagemap");
	for (n = 0; n < len; n += PAGE) {
		if (pread(fd, &entry, 8, ((uintptr_t)p + n) / PAGE * 8) != 8)
			die("/proc/self/pagemap");
		entry &= (1ULL << 55) - 1;
		if (!n)
			first = entry;
		else if (entry != first + n / PAGE)
			break;
	}
	close(fd);
	return n;
}

/* Whoever comes first gets the lower page: touch them in no order */
static void touch_shuffled(char *p, size_t len)
{
	size_t n = len / PAGE, i;

	for (i = 0; i < n; i++)
		memset(p + (i * 7919 + i / 3) % n * PAGE, 1, PAGE);
}

/*
 * Memory in single pages, in an order or in none, in folios of 64 KiB or 2 MiB
 * that are mapped as such, or page by page, or of hugetlbfs.
 */
static char *get_memory(enum memory kind, size_t len)
{
	size_t i, want = kind == MTHP ? 64 << 10 : HUGE;
	char *p;

	use_folios_of(kind);
	p = mmap(NULL, len + HUGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS |
		 (kind == HUGETLB ? MAP_HUGETLB : 0), -1, 0);
	if (p == MAP_FAILED)
		die("mmap");
	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	if (kind != HUGETLB &&
	    madvise(p, len, kind <= SHUFFLED ? MADV_NOHUGEPAGE :
					       MADV_HUGEPAGE))
		die("madvise");
	if (kind == SHUFFLED)
		touch_shuffled(p, len);
	memset(p, 1, len);
	for (i = 0; kind > SHUFFLED && i < len; i += want) {
		if (contiguous(p + i, want) == want)
			continue;
		errno = 0;
		die("no folios of that size for the buffer");
	}
	/* Another protection for one page splits the mapping, not the page. */
	for (i = HUGE - PAGE; kind == THP_PTE && i < len; i += HUGE)
		if (mprotect(p + i, PAGE, PROT_READ) ||
		    mprotect(p + i, PAGE, PROT_READ | PROT_WRITE))
			die("mprotect");
	return p;
}

static void sync_batch(struct job *job, int n)
{
	ssize_t ret;

	while (n--) {
		ret = job->is_write ? pwrite(job->fd, job->buf, job->size, 0) :
				      pread(job->fd, job->buf, job->size, 0);
		if (ret != (ssize_t)job->size)
			die("pread or pwrite");
	}
}

/* Four pieces, as many programs have them: a header and what follows */
static void readv_batch(struct job *job, int n)
{
	struct iovec iov[4];
	ssize_t ret;
	int i;

	for (i = 0; i < 4; i++) {
		iov[i].iov_base = job->buf + i * (job->size / 4);
		iov[i].iov_len = job->size / 4;
	}
	while (n--) {
		ret = job->is_write ? pwritev(job->fd, iov, 4, 0) :
				      preadv(job->fd, iov, 4, 0);
		if (ret != (ssize_t)job->size)
			die("preadv or pwritev");
	}
}

static aio_context_t aio_context;

static void aio_batch(struct job *job, int n)
{
	struct iocb iocbs[DEPTH], *ptrs[DEPTH];
	struct io_event events[DEPTH];
	int i;

	memset(iocbs, 0, sizeof(iocbs));
	for (i = 0; i < DEPTH; i++) {
		iocbs[i].aio_fildes = job->fd;
		iocbs[i].aio_lio_opcode = job->is_write ? IOCB_CMD_PWRITE :
							  IOCB_CMD_PREAD;
		iocbs[i].aio_buf = (uintptr_t)job->buf + i * job->size;
		iocbs[i].aio_nbytes = job->size;
		iocbs[i].aio_offset = i * job->size;
		ptrs[i] = &iocbs[i];
	}
	for (; n > 0; n -= DEPTH) {
		if (syscall(SYS_io_submit, aio_context, DEPTH, ptrs) != DEPTH)
			die("io_submit");
		if (syscall(SYS_io_getevents, aio_context, DEPTH, DEPTH, events,
			    NULL) != DEPTH)
			die("io_getevents");
		for (i = 0; i < DEPTH; i++)
			if (events[i].res != (int64_t)job->size)
				die("an event");
	}
}

/* An io_uring with one registered buffer, [0, BUFFER) of the memory in use. */
static struct {
	int fd;
	unsigned int *sq_tail, *cq_head, *cq_tail, mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	int fixed;
} ring;

static void ring_setup(void)
{
	struct io_uring_params p = { .flags = IORING_SETUP_NO_SQARRAY };
	char *rings;

	ring.fd = syscall(SYS_io_uring_setup, DEPTH, &p);
	if (ring.fd < 0)
		die("io_uring_setup");
	rings = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*ring.cqes),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd,
		     IORING_OFF_SQ_RING);
	ring.sqes = mmap(NULL, p.sq_entries * sizeof(*ring.sqes),
			 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			 ring.fd, IORING_OFF_SQES);
	if (rings == MAP_FAILED || ring.sqes == MAP_FAILED)
		die("mmap of the ring");
	ring.sq_tail = (void *)(rings + p.sq_off.tail);
	ring.cq_head = (void *)(rings + p.cq_off.head);
	ring.cq_tail = (void *)(rings + p.cq_off.tail);
	ring.cqes = (void *)(rings + p.cq_off.cqes);
	ring.mask = p.cq_entries - 1;
}

static void ring_buffers(char *buf, size_t len)
{
	struct iovec iov = { buf, len };

	syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_BUFFERS, NULL,
		0);
	if (syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS,
		    &iov, 1))
		die("IORING_REGISTER_BUFFERS");
}

static void ring_prepare(struct job *job, struct io_uring_sqe *sqe, int i)
{
	memset(sqe, 0, sizeof(*sqe));
	if (ring.fixed)
		sqe->opcode = job->is_write ? IORING_OP_WRITE_FIXED :
					      IORING_OP_READ_FIXED;
	else
		sqe->opcode = job->is_write ? IORING_OP_WRITE : IORING_OP_READ;
	sqe->fd = job->fd;
	sqe->addr = (uintptr_t)job->buf + i * job->size;
	sqe->len = job->size;
	sqe->off = i * job->size;
}

static void ring_batch(struct job *job, int n)
{
	unsigned int tail, head;
	int i;

	for (; n > 0; n -= DEPTH) {
		tail = *ring.sq_tail;
		for (i = 0; i < DEPTH; i++)
			ring_prepare(job, &ring.sqes[(tail + i) % DEPTH], i);
		__atomic_store_n(ring.sq_tail, tail + DEPTH, __ATOMIC_RELEASE);
		if (syscall(SYS_io_uring_enter, ring.fd, DEPTH, DEPTH,
			    IORING_ENTER_GETEVENTS, NULL, 0) != DEPTH)
			die("io_uring_enter");
		head = *ring.cq_head;
		for (i = 0; i < DEPTH; i++, head++)
			if (ring.cqes[head & ring.mask].res != (int)job->size)
				die("a completion");
		__atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
	}
}

static double per_io(void (*batch)(struct job *, int), struct job *job, int n)
{
	uint64_t start, took;

	start = __rdtsc();
	batch(job, n);
	took = __rdtsc() - start;
	return (double)took / n;
}

static struct {
	const char *name;
	int fd;
} files[MAX_FILES];
static int nr_files;

static void print(const char *how, const char *rw, size_t size,
		  enum memory kind, const char *name, double count)
{
	printf("bench: %s %s %zu %s %s %.0f\n", how, rw, size,
	       memory_name[kind], name, count);
}

/* The files in turn, so that all meet the same state of the machine. */
static void compare(const char *how, void (*batch)(struct job *, int),
		    enum memory kind, char *buf, size_t size)
{
	double best[MAX_FILES], now;
	int i, f, n, is_write;

	n = size > 65536 ? 32 : 128;
	for (is_write = 0; is_write < 2; is_write++) {
		for (f = 0; f < nr_files; f++)
			best[f] = 1e18;
		for (i = 0; i < BATCHES * nr_files; i++) {
			struct job job = {
				.fd = files[i % nr_files].fd,
				.buf = buf,
				.size = size,
				.is_write = is_write,
			};

			now = per_io(batch, &job, n);
			if (now < best[i % nr_files])
				best[i % nr_files] = now;
		}
		for (f = 0; f < nr_files; f++)
			print(how, is_write ? "write" : "read", size, kind,
			      files[f].name, best[f]);
	}
}

/* What mm/gup_test.h has, and what the base does not have */
struct gup_test {
	uint64_t get_delta_usec, put_delta_usec, addr, size;
	uint32_t nr_pages_per_call, gup_flags, test_flags, which_pages[8];
};

#define PIN_FAST_BENCHMARK	_IOWR('g', 2, struct gup_test)
#define PIN_BVECS_BENCHMARK	_IOWR('g', 10, struct gup_test)
#define GUP_FAST_BENCHMARK	_IOWR('g', 1, struct gup_test)
#define FOLL_WRITE	0x01
#define FOLL_LONGTERM	0x100
#define PIN_SIZE	(1UL << 30)

/* An instruction takes a nanosecond */
static void pin(int fd, const char *how, unsigned long cmd, unsigned int flags,
		enum memory kind, char *buf, size_t size)
{
	uint64_t get = -1, put = -1;
	int i;

	for (i = 0; i < 3; i++) {
		struct gup_test gup = {
			.addr = (uintptr_t)buf,
			.size = size,
			.nr_pages_per_call = size / PAGE,
			.gup_flags = FOLL_WRITE | flags,
		};

		if (ioctl(fd, cmd, &gup)) {
			if (errno == EINVAL)
				return;
			die("gup_test");
		}
		if (gup.size != size)
			die("a pin that is too short");
		if (gup.get_delta_usec < get)
			get = gup.get_delta_usec;
		if (gup.put_delta_usec < put)
			put = gup.put_delta_usec;
	}
	print(how, "get", size, kind, "gup", get * 1000.);
	print(how, "put", size, kind, "gup", put * 1000.);
	print(how, "both", size, kind, "gup", (get + put) * 1000.);
}

/* A buffer of an io_uring: registration, which pins it, and its undoing */
static void ring_register(char *buf, size_t size, enum memory kind)
{
	uint64_t best[2] = { -1, -1 }, start, took;
	int i;

	for (i = 0; i < 3; i++) {
		syscall(SYS_io_uring_register, ring.fd,
			IORING_UNREGISTER_BUFFERS, NULL, 0);
		start = __rdtsc();
		ring_buffers(buf, size);
		took = __rdtsc() - start;
		if (took < best[0])
			best[0] = took;
		start = __rdtsc();
		syscall(SYS_io_uring_register, ring.fd,
			IORING_UNREGISTER_BUFFERS, NULL, 0);
		took = __rdtsc() - start;
		if (took < best[1])
			best[1] = took;
	}
	print("io_uring-register", "get", size, kind, "gup", best[0]);
	print("io_uring-register", "put", size, kind, "gup", best[1]);
}

static void pins(void)
{
	int fd = open("/sys/kernel/debug/gup_test", O_RDWR), kind;
	char *buf;

	if (fd < 0)
		die("/sys/kernel/debug/gup_test");
	for (kind = 0; kind < NR_MEMORY; kind++) {
		if (kind == HUGETLB || kind == SHUFFLED)
			continue;
		buf = get_memory(kind, PIN_SIZE);
		pin(fd, "get_user_pages_fast", GUP_FAST_BENCHMARK, 0, kind, buf,
		    PIN_SIZE);
		pin(fd, "pin_user_pages_fast", PIN_FAST_BENCHMARK,
		    FOLL_LONGTERM, kind, buf, PIN_SIZE);
		pin(fd, "pin_user_bvecs", PIN_BVECS_BENCHMARK, FOLL_LONGTERM,
		    kind, buf, PIN_SIZE);
		ring_register(buf, PIN_SIZE, kind);
		munmap(buf, PIN_SIZE);
	}
	close(fd);
}

#define LATE_SIZE	(512UL << 20)
#define PERIOD		100000		/* ns */

static volatile bool late_stop;
static uint64_t latest;

static uint64_t ns(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000ULL + ts->tv_nsec;
}

/* What keeps it from running: interrupts, and whoever has them off */
static void *late_thread(void *arg)
{
	struct timespec next, now;
	uint64_t late;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!late_stop) {
		next.tv_nsec += PERIOD;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
		late = ns(&now) - ns(&next);
		if (late > latest)
			latest = late;
		if (late > PERIOD)
			next = now;
	}
	return NULL;
}

static uint64_t late_one(int fd, char *buf)
{
	struct sched_param rt = { .sched_priority = 50 };
	pthread_attr_t attr;
	pthread_t thread;

	latest = 0;
	late_stop = false;
	if (pthread_attr_init(&attr) ||
	    pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED) ||
	    pthread_attr_setschedpolicy(&attr, SCHED_FIFO) ||
	    pthread_attr_setschedparam(&attr, &rt) ||
	    pthread_create(&thread, &attr, late_thread, NULL))
		die("a real-time thread");
	if (pread(fd, buf, LATE_SIZE, 0) != (ssize_t)LATE_SIZE)
		die("pread of 512 MiB");
	late_stop = true;
	pthread_join(thread, NULL);
	return latest;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The median: something else, too, has interrupts off now and then */
static void late(void)
{
	static const enum memory kinds[] = { ORDER0, THP };
	uint64_t all[MAX_FILES][BATCHES];
	size_t k, f, i;
	char *buf;

	for (k = 0; k < 2; k++) {
		buf = get_memory(kinds[k], LATE_SIZE);
		for (i = 0; i < BATCHES; i++)
			for (f = 0; f < (size_t)nr_files; f++)
				all[f][i] = late_one(files[f].fd, buf);
		for (f = 0; f < (size_t)nr_files; f++) {
			qsort(all[f], BATCHES, sizeof(all[f][0]), compare_u64);
			print("late", "read", LATE_SIZE, kinds[k],
			      files[f].name, all[f][BATCHES / 2]);
		}
		munmap(buf, LATE_SIZE);
	}
}

static const size_t sizes[] = { 512, 4096, 16384, 65536, 262144, 1 << 20 };
#define NR_SIZES	(sizeof(sizes) / sizeof(sizes[0]))

static const struct way {
	const char *how;
	void (*batch)(struct job *job, int n);
	bool fixed;
	bool few;		/* sizes only: 4 KiB and 64 KiB */
} ways[] = {
	{ "sync", sync_batch },
	{ "readv", readv_batch },
	{ "libaio", aio_batch, .few = true },
	{ "io_uring", ring_batch, .few = true },
	{ "io_uring-fixed", ring_batch, .fixed = true, .few = true },
};
#define NR_WAYS		(sizeof(ways) / sizeof(ways[0]))

static void all_ways(enum memory kind)
{
	char *buf = get_memory(kind, BUFFER);
	const struct way *way;
	size_t i;

	ring_buffers(buf, BUFFER);
	for (i = 0; i < NR_SIZES * NR_WAYS; i++) {
		size_t size = sizes[i / NR_WAYS];

		way = &ways[i % NR_WAYS];
		if (way->few && size != 4096 && size != 65536)
			continue;
		if (way->batch == readv_batch && size < 4096)
			continue;
		ring.fixed = way->fixed;
		compare(way->how, way->batch, kind, buf, size);
	}
}

#define PROFILED	64

/* What scripts/guest.d/bench-profile.c counts from, and to */
static void profile(const char *how, const char *rw, const char *bytes,
		    const char *memory)
{
	struct job job = {
		.fd = files[0].fd,
		.size = strtoul(bytes, NULL, 10),
		.is_write = !strcmp(rw, "write"),
	};
	enum memory kind = 0;
	size_t i = 0;

	while (i < NR_WAYS && strcmp(ways[i].how, how))
		i++;
	while (kind < NR_MEMORY && strcmp(memory_name[kind], memory))
		kind++;
	if (i == NR_WAYS || kind == NR_MEMORY)
		die("HOW or MEMORY");
	job.buf = get_memory(kind, BUFFER);
	ring_buffers(job.buf, BUFFER);
	ring.fixed = ways[i].fixed;
	ways[i].batch(&job, PROFILED);
	asm volatile("nopl 0x6b696f31(%%rax)" ::: "memory");
	ways[i].batch(&job, PROFILED);
	asm volatile("nopl 0x6b696f30(%%rax)" ::: "memory");
}

/* One file after the other, each with a name of its own for a line */
static void file_systems(void)
{
	static const enum memory kinds[] = { ORDER0, THP };
	int n = nr_files, f;
	size_t k, i;
	char *buf;

	nr_files = 1;
	for (k = 0; k < 2; k++) {
		buf = get_memory(kinds[k], BUFFER);
		for (f = 0; f < n; f++) {
			files[0] = files[f];
			for (i = 1; i < NR_SIZES; i++)
				compare(files[f].name, sync_batch, kinds[k],
					buf, sizes[i]);
		}
	}
}

static void open_files(int argc, char **argv)
{
	for (; nr_files < argc && nr_files < MAX_FILES; nr_files++) {
		char *sep = strchr(argv[nr_files], '=');

		if (!sep)
			die("NAME=FILE");
		*sep = 0;
		files[nr_files].name = argv[nr_files];
		files[nr_files].fd = open(sep + 1, O_RDWR | O_DIRECT);
		if (files[nr_files].fd < 0)
			die(sep + 1);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 && argv[1][0] == '-' ? argv[1] : "";
	int used = 1 + !!*what;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "--profile") && argc == 7)
		used += 4;
	open_files(argc - used, argv + used);
	if (syscall(SYS_io_setup, DEPTH, &aio_context))
		die("io_setup");
	ring_setup();
	if (!strcmp(what, "--fs"))
		file_systems();
	else if (!strcmp(what, "--pins"))
		pins();
	else if (!strcmp(what, "--late"))
		late();
	else if (!strcmp(what, "--profile"))
		profile(argv[2], argv[3], argv[4], argv[5]);
	else
		for (int kind = 0; kind < NR_MEMORY; kind++)
			all_ways(kind);
	return 0;
}
