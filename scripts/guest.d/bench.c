// SPDX-License-Identifier: GPL-2.0
/*
 * bench NAME=FILE...: instructions per I/O on files that lead to devices of the
 * same kind, and for long-term pins of 1 GiB.  For a guest whose time stamp
 * counter ticks once per instruction.  Each figure is the smallest of several
 * batches: the timer interrupt is in some, but not in all.  A line for each:
 *
 *	bench: HOW RW BYTES MEMORY NAME INSTRUCTIONS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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

enum memory { ORDER0, THP, THP_PTE, NR_MEMORY };

static const char * const memory_name[NR_MEMORY] = {
	"order-0", "THP", "THP-pte",
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

static long huge_kib(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "AnonHugePages: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

/*
 * Memory in single pages, in huge pages that are mapped as such, or in huge
 * pages that are mapped page by page.
 */
static char *get_memory(enum memory kind, size_t len)
{
	long before = huge_kib();
	size_t i;
	char *p;

	p = mmap(NULL, len + HUGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		die("mmap");
	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	if (madvise(p, len, kind == ORDER0 ? MADV_NOHUGEPAGE :
						MADV_HUGEPAGE))
		die("madvise");
	memset(p, 1, len);
	if (kind != ORDER0 && (huge_kib() - before) * 1024 < (long)len) {
		errno = 0;
		die("no transparent huge pages for the buffer");
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

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 512, 4096, 65536, 1 << 20 };
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (nr_files = 0; nr_files + 1 < argc && nr_files < MAX_FILES;
	     nr_files++) {
		char *sep = strchr(argv[nr_files + 1], '=');

		if (!sep)
			return 2;
		*sep = 0;
		files[nr_files].name = argv[nr_files + 1];
		files[nr_files].fd = open(sep + 1, O_RDWR | O_DIRECT);
		if (files[nr_files].fd < 0)
			die(sep + 1);
	}
	if (syscall(SYS_io_setup, DEPTH, &aio_context))
		die("io_setup");
	ring_setup();

	for (int kind = 0; kind < NR_MEMORY; kind++) {
		char *buf = get_memory(kind, BUFFER);

		ring_buffers(buf, BUFFER);
		for (i = 0; i < 4; i++)
			compare("sync", sync_batch, kind, buf, sizes[i]);
		for (i = 1; i < 4; i++)
			compare("readv", readv_batch, kind, buf, sizes[i]);
		for (i = 1; i < 3; i++) {
			compare("libaio", aio_batch, kind, buf, sizes[i]);
			ring.fixed = 0;
			compare("io_uring", ring_batch, kind, buf, sizes[i]);
			ring.fixed = 1;
			compare("io_uring-fixed", ring_batch, kind, buf,
				sizes[i]);
		}
	}
	pins();
	return 0;
}
