// SPDX-License-Identifier: GPL-2.0
/*
 * gup_stress DEVICE SECONDS: pin memory while its mappings change.
 *
 * Half of the threads pin parts of a few areas, as ranges and as pages, for a
 * moment and by reads and writes with O_DIRECT; the others do to these areas
 * whatever may happen to memory that is pinned. A pin may fail with EFAULT if
 * it meets a hole. Nothing else may go wrong, and what a device has read into
 * a private buffer has to be there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

#define HUGE		(2UL << 20)
#define PAGE		4096UL
#define NR_AREAS	4
#define AREA		(2 * HUGE)
#define NR_THREADS	3

struct gup_test {
	uint64_t get_delta_usec, put_delta_usec, addr, size;
	uint32_t nr_pages_per_call, gup_flags, test_flags, which_pages[8];
};

#define PIN_FAST_BENCHMARK	_IOWR('g', 2, struct gup_test)
#define PIN_BVECS_BENCHMARK	_IOWR('g', 10, struct gup_test)
#define FOLL_WRITE	0x01
#define FOLL_LONGTERM	0x100

static char *area[NR_AREAS];
static int memfd, device, gup_fd;
static volatile int stop;
static unsigned long done[2][8];

static void die(const char *what)
{
	printf("gup_stress: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned int pick(unsigned int *seed, unsigned int n)
{
	return rand_r(seed) % n;
}

/* A part of an area, in whole pages */
static char *part(unsigned int *seed, size_t *len)
{
	size_t nr = AREA / PAGE, first = pick(seed, nr);

	*len = (1 + pick(seed, pick(seed, 2) ? nr - first : 1)) * PAGE;
	if (*len > AREA - first * PAGE)
		*len = AREA - first * PAGE;
	return area[pick(seed, NR_AREAS)] + first * PAGE;
}

static void pin(unsigned int *seed)
{
	struct gup_test gup = { 0 };
	size_t len;
	int what = pick(seed, 2);

	gup.addr = (uintptr_t)part(seed, &len);
	gup.size = len;
	gup.nr_pages_per_call = pick(seed, 2) ? len / PAGE : 7;
	/* gup_test warns if it gets the zero page, which nobody pins. */
	gup.gup_flags = (!what || pick(seed, 2) ? FOLL_WRITE : 0) |
			(pick(seed, 4) ? 0 : FOLL_LONGTERM);
	if (ioctl(gup_fd, what ? PIN_BVECS_BENCHMARK : PIN_FAST_BENCHMARK,
		  &gup) && errno != ENOMEM)
		die("gup_test");
	done[0][what]++;
}

static void direct_io(unsigned int *seed)
{
	size_t len;
	char *p = part(seed, &len);
	off_t pos = pick(seed, 1024) * PAGE;
	int is_write = pick(seed, 2);
	ssize_t ret;

	ret = is_write ? pwrite(device, p, len, pos) :
			 pread(device, p, len, pos);
	if (ret < 0 && errno != EFAULT && errno != ENOMEM)
		die("O_DIRECT");
	done[0][2 + is_write]++;
}

/* Nobody changes this mapping but fork() */
static void check_read(unsigned int *seed)
{
	static const off_t pos = 200UL << 20;
	size_t i, len = (1 + pick(seed, 64)) * PAGE;
	char *buf = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buf == MAP_FAILED)
		die("mmap");
	if (pick(seed, 2))
		memset(buf, 1, len);
	if (pread(device, buf, len, pos) != (ssize_t)len)
		die("a read into private memory");
	for (i = 0; i < len; i++)
		if (buf[i] != (char)(i / PAGE + 3)) {
			errno = 0;
			die("the bytes that were read are not there");
		}
	munmap(buf, len);
	done[0][4]++;
}

static void *pinner(void *arg)
{
	unsigned int seed = (uintptr_t)arg;

	while (!stop) {
		switch (pick(&seed, 4)) {
		case 0: direct_io(&seed); break;
		case 1: check_read(&seed); break;
		default: pin(&seed); break;
		}
	}
	return NULL;
}

static void touch(unsigned int *seed)
{
	static char zeroes[PAGE];
	size_t len, i;
	char *p = part(seed, &len);
	int fd = open("/dev/zero", O_RDONLY);

	/* By a system call, which fails where a program would get a signal */
	for (i = 0; i < len; i += PAGE)
		if (read(fd, p + i, sizeof(zeroes)) < 0)
			break;
	close(fd);
}

static void move(unsigned int *seed)
{
	size_t len;
	char *p = part(seed, &len), *to;

	/* A mapping stays in its place, or somebody else's mmap() takes that. */
	to = mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	if (to != MAP_FAILED &&
	    mremap(to, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, p) != p)
		munmap(to, len);
}

static void do_fork(void)
{
	pid_t pid = syscall(SYS_fork);

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void change(unsigned int *seed)
{
	size_t len;
	char *p = part(seed, &len);
	int what = pick(seed, 8);

	switch (what) {
	case 0: madvise(p, len, MADV_DONTNEED); break;
	case 1:
		mprotect(p, len, pick(seed, 2) ? PROT_READ : PROT_NONE);
		mprotect(p, len, PROT_READ | PROT_WRITE);
		break;
	case 2: madvise(p, len, MADV_COLLAPSE); break;
	case 3: madvise(p, len, MADV_PAGEOUT); break;
	case 4: move(seed); break;
	case 5: do_fork(); break;
	case 6:
		fallocate(memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  pick(seed, AREA / PAGE) * PAGE, len);
		break;
	default: touch(seed); break;
	}
	done[1][what]++;
}

static void *changer(void *arg)
{
	unsigned int seed = (uintptr_t)arg;

	while (!stop)
		change(&seed);
	return NULL;
}

static void map_areas(void)
{
	char *p;
	int i;

	p = mmap(NULL, (NR_AREAS + 1) * AREA, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		die("mmap");
	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	memfd = memfd_create("gup_stress", 0);
	if (memfd < 0 || ftruncate(memfd, AREA))
		die("memfd_create");
	for (i = 0; i < NR_AREAS; i++) {
		int flags = i == 2 ? MAP_SHARED : MAP_PRIVATE;

		area[i] = mmap(p + i * AREA, AREA, PROT_READ | PROT_WRITE,
			       MAP_FIXED | flags | (i < 2 ? MAP_ANONYMOUS : 0),
			       i < 2 ? -1 : memfd, 0);
		if (area[i] == MAP_FAILED)
			die("mmap");
	}
	madvise(area[0], AREA, MADV_HUGEPAGE);
	madvise(area[1], AREA, MADV_NOHUGEPAGE);
	madvise(area[2], AREA, MADV_HUGEPAGE);
}

/* What check_read() reads */
static void fill_device(void)
{
	char *buf = aligned_alloc(PAGE, 64 * PAGE);
	size_t i;

	if (!buf)
		die("memory");
	for (i = 0; i < 64; i++)
		memset(buf + i * PAGE, i + 3, PAGE);
	if (pwrite(device, buf, 64 * PAGE, 200UL << 20) != 64 * PAGE)
		die("pwrite");
	free(buf);
}

int main(int argc, char **argv)
{
	pthread_t threads[2 * NR_THREADS];
	int i, j;

	if (argc != 3)
		return 2;
	device = open(argv[1], O_RDWR | O_DIRECT);
	if (device < 0)
		die(argv[1]);
	gup_fd = open("/sys/kernel/debug/gup_test", O_RDWR);
	if (gup_fd < 0)
		die("/sys/kernel/debug/gup_test");
	map_areas();
	fill_device();
	for (i = 0; i < 2 * NR_THREADS; i++)
		if (pthread_create(&threads[i], NULL,
				   i % 2 ? changer : pinner,
				   (void *)(uintptr_t)(i + 1)))
			die("pthread_create");
	sleep(atoi(argv[2]));
	stop = 1;
	for (i = 0; i < 2 * NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < 2; i++) {
		printf("%s:", i ? "changes" : "pins");
		for (j = 0; j < 8; j++)
			printf(" %lu", done[i][j]);
		printf("\n");
	}
	for (j = 0; j < 5; j++)
		if (!done[0][j]) {
			errno = 0;
			die("a kind of pin was never tried");
		}
	return 0;
}
