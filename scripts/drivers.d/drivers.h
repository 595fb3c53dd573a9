/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For the programs that scripts/drivers runs, each as root in a kernel of its
 * own. A program is a table of tests; each test runs in a child, so that it
 * starts with nothing open, mapped or charged, and can drop privileges.
 */
#ifndef DRIVERS_H
#define DRIVERS_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE		4096UL
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define UNUSED		__attribute__((unused))

struct test {
	const char *name;
	void (*fn)(void);
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

/* The value of a system call: -errno if it failed. */
#define RC(call) ({						\
	long rc__ = (call);					\
								\
	rc__ == -1 ? -(long)errno : rc__;			\
})

#define CHECK(actual, expected) do {				\
	long long a__ = (long long)(actual);			\
	long long e__ = (long long)(expected);			\
								\
	if (a__ != e__)						\
		die("%s:%d: %s is %lld, not %lld", __FILE__,	\
		    __LINE__, #actual, a__, e__);		\
} while (0)

/* Run TESTS; the program's exit status. */
static UNUSED int run_tests(const struct test *tests, unsigned int nr)
{
	unsigned int i, failed = 0;
	int status;
	pid_t pid;

	for (i = 0; i < nr; i++) {
		fflush(stdout);
		pid = fork();
		if (!pid) {
			tests[i].fn();
			fflush(stdout);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid)
			die("waitpid: %m");
		printf("%s %s\n", status ? "not ok" : "ok", tests[i].name);
		failed += status != 0;
	}
	printf("%u passed, %u failed\n", nr - failed, failed);
	return failed != 0;
}

static UNUSED void write_file(const char *name, const char *value)
{
	int fd = open(name, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		die("%s: %m", name);
	close(fd);
}

static UNUSED long read_long(const char *name)
{
	char buf[64] = "";
	int fd = open(name, O_RDONLY);

	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) < 0)
		die("%s: %m", name);
	close(fd);
	return strtol(buf, NULL, 0);
}

/* Open /lib/modules/NAME.ko, and load what it depends on. */
static int open_module(const char *name)
{
	char path[PATH_MAX], *image, *dep, *state;
	struct stat st;
	int fd, rc;

	snprintf(path, sizeof(path), "/lib/modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die("%s: %m", path);
	image = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		     0);
	if (image == MAP_FAILED)
		die("%s: %m", path);
	dep = memmem(image, st.st_size, "\0depends=", 9);
	if (!dep)
		die("%s does not say what it depends on", path);
	for (dep = strtok_r(dep + 9, ",", &state); dep;
	     dep = strtok_r(NULL, ",", &state)) {
		int dep_fd = open_module(dep);

		rc = RC(syscall(SYS_finit_module, dep_fd, "", 0));
		if (rc && rc != -EEXIST)
			die("module %s: %s", dep, strerror(-rc));
		close(dep_fd);
	}
	munmap(image, st.st_size);
	return fd;
}

/* Load it with PARAMETERS: 0 or -errno. */
static UNUSED int load_module(const char *name, const char *parameters)
{
	int fd = open_module(name);
	int rc = RC(syscall(SYS_finit_module, fd, parameters, 0));

	close(fd);
	return rc;
}

static UNUSED void need_module(const char *name, const char *parameters)
{
	int rc = load_module(name, parameters);

	if (rc && rc != -EEXIST)
		die("module %s: %s", name, strerror(-rc));
}

static UNUSED int unload_module(const char *name)
{
	return RC(syscall(SYS_delete_module, name, 0));
}

/* Open what appears a little later, as device nodes do. */
static UNUSED int open_soon(const char *name, int flags)
{
	int fd, i;

	for (i = 0; i < 500; i++) {
		fd = open(name, flags);
		if (fd >= 0 || (errno != ENOENT && errno != ENXIO))
			break;
		usleep(10000);
	}
	if (fd < 0)
		die("%s: %m", name);
	return fd;
}

/* Anonymous memory, each page of it touched. */
static UNUSED char *map_pages(unsigned long nr)
{
	char *p = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap of %lu pages: %m", nr);
	memset(p, 0x5a, nr * PAGE);
	return p;
}

/* The same, and no page is the physical neighbour of the one before it. */
static UNUSED char *map_scattered(unsigned long nr)
{
	char *p, *other;
	unsigned long i;

	p = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	other = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || other == MAP_FAILED)
		die("mmap of %lu pages: %m", nr);
	for (i = 0; i < nr; i++) {
		p[i * PAGE] = 0x5a;
		other[i * PAGE] = 0x5a;
	}
	return p;
}

/* The page frame that backs ADDR, 0 if none does. Root only. */
static UNUSED uint64_t pfn_of(const void *addr)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)addr / PAGE * 8) != 8)
		die("pagemap: %m");
	close(fd);
	return entry >> 63 ? entry & ((1ULL << 55) - 1) : 0;
}

/*
 * How many of NR pages at P, anonymous memory of this process alone, are
 * pinned: fork() gives the child a copy of those, and shares the others.
 */
static UNUSED long pinned_pages(const char *p, unsigned long nr)
{
	uint64_t *parent = malloc(nr * sizeof(*parent));
	unsigned long i;
	int fds[2];
	long n = 0;
	pid_t pid;

	if (!parent || pipe(fds))
		die("pinned_pages: %m");
	for (i = 0; i < nr; i++)
		parent[i] = pfn_of(p + i * PAGE);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		for (i = 0; i < nr; i++)
			n += parent[i] != pfn_of(p + i * PAGE);
		if (write(fds[1], &n, sizeof(n)) != sizeof(n))
			_exit(1);
		_exit(0);
	}
	if (read(fds[0], &n, sizeof(n)) != sizeof(n))
		die("pinned_pages: no answer");
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
	free(parent);
	/* What was shared with the child is this process's alone again. */
	return n;
}

/* A line of /proc/self/status, as VmPin, in pages. */
static UNUSED long status_pages(const char *name)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) &&
		    line[strlen(name)] == ':')
			kb = strtol(line + strlen(name) + 1, NULL, 10);
	if (kb < 0)
		die("no %s in /proc/self/status", name);
	fclose(f);
	return kb * 1024 / (long)PAGE;
}

/* Become a user without capabilities who may lock PAGES. */
static UNUSED void become_user(uid_t uid, unsigned long pages)
{
	struct rlimit rl = { pages * PAGE, pages * PAGE };

	if (setrlimit(RLIMIT_MEMLOCK, &rl) || setgid(uid) || setuid(uid))
		die("become_user: %m");
}

/*
 * Call FN once for each allocation that it makes, with this one failing, then
 * once with none failing. FN returns 0 or -errno, and leaves nothing behind
 * if it fails. Returns how many allocations failed, -1 if this kernel has no
 * fault injection.
 */
static UNUSED int fail_each(long (*fn)(void), int *errors)
{
	int n, fd, left;
	char buf[16];
	long rc;

	fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (fd < 0)
		return -1;
	for (n = 1; n < 100000; n++) {
		snprintf(buf, sizeof(buf), "%d", n);
		if (pwrite(fd, buf, strlen(buf), 0) < 0)
			die("fail-nth: %m");
		rc = fn();
		memset(buf, 0, sizeof(buf));
		if (pread(fd, buf, sizeof(buf) - 1, 0) < 0)
			die("fail-nth: %m");
		left = atoi(buf);
		if (pwrite(fd, "0", 1, 0) < 0)
			die("fail-nth: %m");
		if (left) {
			if (rc)
				die("failed without a reason: %ld", rc);
			break;
		}
		*errors += rc != 0;
	}
	close(fd);
	return n - 1;
}

#endif
