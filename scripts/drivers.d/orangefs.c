// SPDX-License-Identifier: GPL-2.0
/*
 * The buffer that OrangeFS shares with its client daemon. This is such a
 * client, without a server: the files f0, f1, ... are in its memory. What is
 * written and read through the slots of the buffer, all of them in use at the
 * same time, must be what arrives.
 */
#define _GNU_SOURCE
#include "drivers.h"

#include <linux/types.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>

#define MAGIC		0x20030529
#define VERSION		20903
#define FSID		7
#define ROOT		1000
#define MAX_FILES	16
#define FILE_SIZE	(8UL << 20)
#define THP		(2UL << 20)

enum {
	OP_IO = 0xFF000001, OP_LOOKUP, OP_CREATE, OP_GETATTR,
	OP_FS_MOUNT = 0xFF00000E, OP_FS_UMOUNT, OP_GETXATTR,
};

#define ERRNO_ENODATA	(-(1 << 30 | 33))

struct ref {
	__u8 handle[16];
	__s32 fs_id;
	__s32 pad;
};

struct attr {
	__u32 owner, group, perms;
	__u64 atime, mtime, ctime;
	__s64 size;
	char *link_target;
	__s32 unused[4];
	__u32 copies;
	char *dist_name, *dist_params;
	__s64 dirents;
	__u32 type;
	__u64 flags;
	__u32 mask;
	__s64 blksize;
};

struct upcall {
	__u32 version, magic;
	__u64 tag;
	__u32 type, uid, gid;
	int pid, tgid;
	__s64 trailer_size;
	char *trailer;
	union {
		struct {
			__s32 pad1, slot, count, pad2;
			__s64 offset;
			struct ref ref;
			__u32 type;
		} io;
		struct {
			__s32 follow, pad;
			struct ref parent;
			char name[256];
		} lookup;
		struct ref getattr;
		char room[65536];
	};
};

struct downcall {
	__u32 version, magic;
	__u64 tag;
	__u32 type;
	__s32 status;
	__s64 trailer_size;
	char *trailer;
	union {
		__s64 done;
		struct ref lookup;
		struct attr attr;
		struct {
			__s32 fs_id, id;
			__u8 root[16];
		} mount;
		char room[65536];
	};
};

struct map_desc {
	void *ptr;
	__s32 total, size, count;
};

#define DEV_UPSIZE	_IOW('k', 2, __s32)
#define DEV_DOWNSIZE	_IOW('k', 3, __s32)
#define DEV_MAP		_IO('k', 4)

/* A buffer: COUNT slots of SIZE bytes, SKIP bytes behind a multiple of THP. */
struct layout {
	const char *name;
	unsigned long size, count, skip;
	bool huge;
};

/* What the processes of a test share. */
static struct shared {
	unsigned int hold;	/* collect so many I/Os, then do them all */
	bool slots[64];		/* seen in use */
	char files[MAX_FILES][FILE_SIZE];
} *shared;

static int dev = -1;
static __s32 up_size, down_size;

/* The node is not made by the driver. */
static void make_node(void)
{
	FILE *f = fopen("/proc/devices", "r");
	char line[80], name[65];
	int major;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %64s", &major, name) == 2 &&
		    !strcmp(name, "pvfs2-req"))
			mknod("/dev/pvfs2-req", S_IFCHR | 0600, major << 8);
	if (f)
		fclose(f);
}

static void open_dev(void)
{
	if (access("/sys/module/orangefs", F_OK)) {
		need_module("orangefs", "");
		make_node();
	}
	dev = open("/dev/pvfs2-req", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (dev < 0)
		die("/dev/pvfs2-req: %m");
	CHECK(RC(ioctl(dev, DEV_UPSIZE, &up_size)), 0);
	CHECK(RC(ioctl(dev, DEV_DOWNSIZE, &down_size)), 0);
}

static void close_dev(void)
{
	close(dev);
	dev = -1;
}

/* Neighbouring pages in one piece of 2 MiB, if this kernel has such pages. */
static void check_huge(const char *p)
{
	if (access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK))
		return;
	CHECK(pfn_of(p) % (THP / PAGE), 0);
	CHECK(pfn_of(p + THP - PAGE), pfn_of(p) + THP / PAGE - 1);
}

static char *alloc_buffer(const struct layout *l)
{
	unsigned long len = l->size * l->count + l->skip;
	unsigned long room = (len + 2 * THP) & ~(THP - 1);
	char *p, *q;

	p = mmap(NULL, room, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		die("mmap: %m");
	p = (char *)(((uintptr_t)p + THP - 1) & ~(THP - 1));
	madvise(p, room - THP, l->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(p, 0, room - THP);
	if (l->huge)
		for (q = p; q < p + len; q += THP)
			check_huge(q);
	return p + l->skip;
}

static long map_buffer(void *ptr, long total, long size, long count)
{
	struct map_desc d = { ptr, total, size, count };

	return RC(ioctl(dev, DEV_MAP, &d));
}

static unsigned int nr_of(const struct ref *ref)
{
	return ref->handle[0] | ref->handle[1] << 8;
}

static void set_handle(__u8 *handle, unsigned int nr)
{
	memset(handle, 0, 16);
	handle[0] = nr;
	handle[1] = nr >> 8;
}

static void getattr(const struct upcall *up, struct attr *a)
{
	bool root = nr_of(&up->getattr) == ROOT;

	a->perms = 0777;
	a->size = root ? 0 : FILE_SIZE;
	a->type = root ? 4 : 1;
	a->mask = ~0U;
	a->blksize = 2048;
}

static void do_io(const struct upcall *up, char *buf, unsigned long size)
{
	char *file = shared->files[nr_of(&up->io.ref)] + up->io.offset;
	char *slot = buf + up->io.slot * size;

	shared->slots[up->io.slot] = true;
	if (up->io.type == 1)
		memcpy(slot, file, up->io.count);
	else
		memcpy(file, slot, up->io.count);
}

static void answer(const struct upcall *up)
{
	static struct downcall down;

	memset(&down, 0, sizeof(down));
	down.version = VERSION;
	down.magic = MAGIC;
	down.tag = up->tag;
	down.type = up->type;
	switch (up->type) {
	case OP_IO:
		down.done = up->io.count;
		break;
	case OP_LOOKUP:
		down.lookup.fs_id = FSID;
		set_handle(down.lookup.handle, atoi(up->lookup.name + 1));
		break;
	case OP_GETATTR:
		getattr(up, &down.attr);
		break;
	case OP_FS_MOUNT:
		down.mount.fs_id = FSID;
		down.mount.id = 1;
		set_handle(down.mount.root, ROOT);
		break;
	case OP_GETXATTR:
		down.status = ERRNO_ENODATA;
		break;
	}
	CHECK(RC(write(dev, &down, down_size)), down_size);
}

/* Serve until killed. */
static void serve(char *buf, unsigned long size)
{
	static struct upcall ups[MAX_FILES];
	struct pollfd pfd = { .fd = dev, .events = POLLIN };
	unsigned int n = 0, i;
	long rc;

	for (;;) {
		poll(&pfd, 1, 100);
		rc = RC(read(dev, &ups[n], up_size));
		if (rc == -EAGAIN)
			continue;
		CHECK(rc, up_size);
		if (ups[n].type != OP_IO) {
			answer(&ups[n]);
			continue;
		}
		if (++n < shared->hold)
			continue;
		for (i = 0; i < n; i++)
			do_io(&ups[i], buf, size);
		for (i = 0; i < n; i++)
			answer(&ups[i]);
		n = 0;
	}
}

/* The client on the buffer of L, as a child that goes when we do. */
static pid_t start_client(const struct layout *l)
{
	int ready[2];
	pid_t pid;
	long rc;

	if (pipe(ready))
		die("pipe: %m");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		char *buf = alloc_buffer(l);

		open_dev();
		rc = map_buffer(buf, l->size * l->count, l->size, l->count);
		if (write(ready[1], &rc, sizeof(rc)) != sizeof(rc) || rc)
			_exit(1);
		serve(buf, l->size);
	}
	close(ready[1]);
	if (read(ready[0], &rc, sizeof(rc)) != sizeof(rc))
		die("the client died");
	close(ready[0]);
	CHECK(rc, 0);
	return pid;
}

static void stop_client(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status), true);
}

static char pattern(unsigned int nr, unsigned long i, bool write)
{
	return i * 31 + (i >> 12) * 7 + (i >> 20) * 13 + nr * 101 + write;
}

/* Write and read LEN bytes of file NR at OFF, from memory at an odd address. */
static void one_file(unsigned int nr, unsigned long off, unsigned long len)
{
	char *buf = (char *)map_pages(len / PAGE + 3) + 1 + 8 * nr;
	unsigned long i, bad = 0;
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/mnt/f%u", nr);
	fd = open(name, O_RDWR | O_DIRECT);
	if (fd < 0)
		die("%s: %m", name);
	CHECK(RC(pread(fd, buf, len, off)), len);
	for (i = 0; i < len; i++)
		bad += buf[i] != pattern(nr, off + i, false);
	CHECK(bad, 0);
	for (i = 0; i < len; i++)
		buf[i] = pattern(nr, off + i, true);
	CHECK(RC(pwrite(fd, buf, len, off)), len);
	close(fd);
}

static void check_files(unsigned int nr, unsigned long off, unsigned long len)
{
	unsigned long i, bad = 0;

	for (i = 0; i < FILE_SIZE; i++)
		bad += shared->files[nr][i] !=
			pattern(nr, i, i >= off && i < off + len);
	CHECK(bad, 0);
}

/* LEN bytes at OFF of as many files as there are slots, all at once. */
static void use_slots(unsigned int slots, unsigned long off, unsigned long len)
{
	unsigned int nr, failed = 0;
	unsigned long i;
	int status;

	for (nr = 0; nr < slots; nr++)
		for (i = 0; i < FILE_SIZE; i++)
			shared->files[nr][i] = pattern(nr, i, false);
	shared->hold = slots;
	for (nr = 0; nr < slots; nr++) {
		if (!fork()) {
			one_file(nr, off, len);
			fflush(stdout);
			_exit(0);
		}
	}
	for (nr = 0; nr < slots; nr++) {
		wait(&status);
		failed += status != 0;
	}
	CHECK(failed, 0);
	for (nr = 0; nr < slots; nr++)
		check_files(nr, off, len);
}

static void use_buffer(const struct layout *l)
{
	unsigned int i;
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap: %m");
	pid = start_client(l);
	if (mount("tcp://localhost:3334/fs", "/mnt", "pvfs2", 0, NULL))
		die("mount: %m");
	/* Whole slots, less than one, more than one. */
	use_slots(l->count, 0, l->size);
	use_slots(l->count, 4321, l->size - 1234);
	use_slots(l->count, 1, l->size + 77);
	for (i = 0; i < l->count; i++)
		CHECK(shared->slots[i], true);
	CHECK(RC(umount("/mnt")), 0);
	stop_client(pid);
}

static const struct layout layouts[] = {
	{ "small pages", 65536, 8, 0, false },
	{ "slots of three pages", 3 * PAGE, 5, PAGE, false },
	{ "slots of 4 MiB", 4 << 20, 2, 0, true },
	{ "slots of 3 MiB", 3 << 20, 4, 0, true },
	{ "slots of half a folio", 1 << 20, 4, 0, true },
	{ "end in the middle of a folio", 3 << 20, 1, 0, true },
	{ "begin in the middle of a folio", 1 << 20, 5, 5 * PAGE, true },
};

#define LAYOUT(n) static void layout_##n(void) { use_buffer(&layouts[n]); }
LAYOUT(0) LAYOUT(1) LAYOUT(2) LAYOUT(3) LAYOUT(4) LAYOUT(5) LAYOUT(6)

static void refuse_layouts(void)
{
	static const struct {
		long skip, total, size, count;
	} bad[] = {
		{ 0, -4096, -4096, 1 }, { 0, 4096, -4096, -1 },
		{ 8, 8192, 4096, 2 }, { 0, 8192, 4096, 3 },
		{ 0, 4000, 2000, 2 }, { 0, 6144, 2048, 3 },
	};
	char *p = map_pages(16);
	unsigned int i;

	open_dev();
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(map_buffer(p + bad[i].skip, bad[i].total, bad[i].size,
				 bad[i].count), -EINVAL);
	CHECK(map_buffer(p, 8 * PAGE, PAGE, 8), 0);
	CHECK(map_buffer(p, 8 * PAGE, PAGE, 8), -EINVAL);
	close_dev();
}

/* A hole anywhere, or memory that must not be written: nothing stays pinned. */
static void refuse_memory(void)
{
	char *p = map_pages(16);
	unsigned long i;

	open_dev();
	for (i = 0; i < 16; i += 5) {
		munmap(p + i * PAGE, PAGE);
		CHECK(map_buffer(p, 16 * PAGE, 4 * PAGE, 4) < 0, true);
		mmap(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		p[i * PAGE] = 1;
	}
	mprotect(p + 15 * PAGE, PAGE, PROT_READ);
	CHECK(map_buffer(p, 16 * PAGE, 4 * PAGE, 4) < 0, true);
	CHECK(pinned_pages(p, 16), 0);
	mprotect(p + 15 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	CHECK(map_buffer(p, 16 * PAGE, 4 * PAGE, 4), 0);
	CHECK(pinned_pages(p, 16), 16);
	close_dev();
	CHECK(pinned_pages(p, 16), 0);
}

static char *failing;

static long map_failing(void)
{
	long rc;

	open_dev();
	rc = map_buffer(failing, 96 * PAGE, 3 * PAGE, 32);
	close_dev();
	return rc;
}

static void fail_allocations(void)
{
	int errors = 0;

	failing = map_scattered(96);
	if (fail_each(map_failing, &errors) > 0 && !errors)
		die("no allocation failed");
	CHECK(pinned_pages(failing, 96), 0);
}

/* What a client leaves behind when it goes shows up in the count of pins. */
static void many_clients(void)
{
	char *p = map_pages(64);
	int i;

	for (i = 0; i < 50; i++) {
		open_dev();
		CHECK(map_buffer(p, 64 * PAGE, 8 * PAGE, 8), 0);
		close_dev();
	}
	CHECK(pinned_pages(p, 64), 0);
}

int main(void)
{
	static const struct test tests[] = {
		{ "small pages", layout_0 },
		{ "slots of three pages", layout_1 },
		{ "slots of 4 MiB", layout_2 },
		{ "slots of 3 MiB", layout_3 },
		{ "slots of half a folio", layout_4 },
		{ "a buffer that ends in the middle of a folio", layout_5 },
		{ "a buffer that begins in the middle of a folio", layout_6 },
		{ "sizes that do not fit are refused", refuse_layouts },
		{ "a hole is refused and leaves no pin", refuse_memory },
		{ "no allocation that fails leaves a pin", fail_allocations },
		{ "clients come and go", many_clients },
	};

	mkdir("/mnt", 0755);
	return run_tests(tests, ARRAY_SIZE(tests));
}
