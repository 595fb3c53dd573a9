// SPDX-License-Identifier: GPL-2.0
/*
 * What takes more than one read or write, and the list of all cases.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/aio_abi.h>
#include <linux/blkzoned.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/io_uring.h>
#include <linux/blkdev.h>

#include "compare.h"

#ifndef STATX_WRITE_ATOMIC
#define STATX_WRITE_ATOMIC	0x10000
#endif

/* Has it waited for a disk that takes a second? */
static const char *took(double start)
{
	return now() - start < 0.6 ? "at once" : "after waiting";
}

/* How often which result came. */
struct tally {
	long res[16];
	int times[16], nr;
};

static void count(struct tally *t, long res)
{
	int i;

	for (i = 0; i < t->nr && t->res[i] != res; i++)
		;
	if (i == 16)
		return;
	t->res[i] = res;
	t->times[i]++;
	if (i == t->nr)
		t->nr++;
}

static const char *tallied(const struct tally *t)
{
	static char text[300];
	int i;

	text[0] = 0;
	for (i = 0; i < t->nr; i++)
		sprintf(text + strlen(text), "%s%d x %s", i ? ", " : "",
			t->times[i], result(t->res[i]));
	return text;
}

/* Something to do while we do something else. */
struct job {
	pthread_t thread;
	long (*fn)(struct job *job);
	int fd, fd2;
	char *buf;
	size_t len;
	off_t pos;
	int flags;
	_Atomic bool done;
	long res;
	double took;
};

static void *job_run(void *p)
{
	struct job *job = p;
	double start = now();

	job->res = job->fn(job);
	job->took = now() - start;
	job->done = true;
	return NULL;
}

static void job_start(struct job *job)
{
	job->done = false;
	if (pthread_create(&job->thread, NULL, job_run, job))
		die("pthread_create");
}

/* Its result, if it ends in time. */
static const char *job_result(struct job *job, double seconds)
{
	double end = now() + seconds;

	while (!job->done && now() < end)
		usleep(5000);
	return job->done ? result(job->res) : "does not end";
}

static long job_pread(struct job *job)
{
	return sysret(pread(job->fd, job->buf, job->len, job->pos));
}

static long job_pwrite(struct job *job)
{
	return sysret(pwrite(job->fd, job->buf, job->len, job->pos));
}

static void prep_iocb(struct iocb *iocb, int fd, bool write, char *buf,
		      size_t len, off_t pos, int flags, int i)
{
	memset(iocb, 0, sizeof(*iocb));
	iocb->aio_fildes = fd;
	iocb->aio_lio_opcode = write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
	iocb->aio_buf = (uintptr_t)buf;
	iocb->aio_nbytes = len;
	iocb->aio_offset = pos;
	iocb->aio_rw_flags = flags;
	iocb->aio_data = i;
}

static long job_aio(struct job *job)
{
	struct iocb iocb, *p = &iocb;
	long ctx = aio_setup(), res[1] = { 0 }, ret;

	prep_iocb(&iocb, job->fd, false, job->buf, job->len, job->pos, 0, 0);
	ret = aio_submit(ctx, 1, &p);
	if (ret != 1)
		return ret;
	aio_wait(ctx, 1, res, 1000);
	return res[0];
}

static void push(struct ring *r)
{
	__atomic_store_n(r->sq_tail, *r->sq_tail + 1, __ATOMIC_RELEASE);
}

static struct io_uring_sqe *prep_sqe(struct ring *r, int op, int fd, char *buf,
				     size_t len, off_t pos)
{
	struct io_uring_sqe *sqe = ring_sqe(r);

	sqe->opcode = op;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)buf;
	sqe->len = len;
	sqe->off = pos;
	return sqe;
}

/* Many polled reads in one call, on a queue that has few requests. */
static void poll_few(int fixed)
{
	int fd = open_node(O_RDWR), i, ret;
	char *buf = memory(32 * PAGE, 0);
	struct iovec iov = { buf, 32 * PAGE };
	struct tally t = { };
	double start;
	struct ring r;

	ret = ring_init(&r, 64, IORING_SETUP_IOPOLL);
	if (!ret && fixed)
		ret = ring_register(&r, &iov, 1);
	must("setup", !ret, "%s", result(ret));
	start = now();
	for (i = 0; i < 32; i++) {
		prep_sqe(&r, fixed ? IORING_OP_READ_FIXED : IORING_OP_READ, fd,
			 buf + i * PAGE, PAGE, (i * 37 % 32) * 16 * PAGE);
		push(&r);
	}
	see("enter", "%s", result(ring_enter(&r, 32, 32)));
	for (i = 0; i < 32; i++)
		count(&t, ring_reap(&r, NULL));
	see("results", "%s", tallied(&t));
	see("time", "%s", now() - start < 5 ? "short" : "long");
	see("data", "%lx", (long)hash(buf, 32 * PAGE));
}

/*
 * The disk has one request, which takes a second: who else does not want to
 * wait is told so.
 */
static void nowait_aio(int open_flags)
{
	int fd = open_node(O_RDWR | open_flags), flags = RWF_NOWAIT;
	char *buf = memory(3 * PAGE, 0);
	struct iocb iocb[3], *p[3] = { &iocb[0], &iocb[1], &iocb[2] };
	long ctx = aio_setup(), res[3] = { 1, 1, 1 };
	double start = now();
	int ret;

	prep_iocb(&iocb[0], fd, false, buf, PAGE, 0, 0, 0);
	ret = aio_submit(ctx, 1, p);
	see("first", "%s, %s", result(ret), took(start));
	start = now();
	prep_iocb(&iocb[1], fd, false, buf + PAGE, PAGE, MIB, flags, 1);
	prep_iocb(&iocb[2], fd, true, buf + 2 * PAGE, PAGE, 2 * MIB, flags, 2);
	ret = aio_submit(ctx, 2, p + 1);
	see("others", "%s, %s", result(ret), took(start));
	aio_wait(ctx, 3, res, 5);
	see("results", "%s, %s, %s", result(res[0]), result(res[1]),
	    result(res[2]));
}

static void nowait_sync(int open_flags)
{
	int fd = open_node(O_RDWR | open_flags);
	char *buf = memory(2 * PAGE, 0);
	struct iovec iov = { buf + PAGE, PAGE };
	struct job job = { .fn = job_pread, .fd = fd, .buf = buf, .len = PAGE };
	double start;
	long ret;

	job_start(&job);
	usleep(200000);
	start = now();
	ret = sysret(preadv2(fd, &iov, 1, MIB, RWF_NOWAIT));
	see("preadv2", "%s, %s", result(ret), took(start));
	see("first", "%s", job_result(&job, 5));
	job_start(&job);
	usleep(200000);
	start = now();
	ret = sysret(pwritev2(fd, &iov, 1, MIB, RWF_NOWAIT));
	see("pwritev2", "%s, %s", result(ret), took(start));
	see("second", "%s", job_result(&job, 5));
	job_start(&job);
	usleep(200000);
	start = now();
	ret = sysret(pread(fd, buf + PAGE, PAGE, MIB));
	see("pread", "%s, %s", result(ret), took(start));
	see("third", "%s", job_result(&job, 5));
}

#define FLAG_FIXED	1
#define FLAG_NOWAIT	2
#define FLAG_NONBLOCK	4
#define FLAG_WRITE	8

/* io_uring_enter() itself never waits. */
static void nowait_uring(int flags)
{
	int fd = open_node(O_RDWR | (flags & FLAG_NONBLOCK ? O_NONBLOCK : 0));
	char *buf = memory(2 * PAGE, 0);
	struct iovec iov = { buf, 2 * PAGE };
	long res[2] = { };
	struct io_uring_sqe *sqe;
	uint64_t data;
	double start;
	struct ring r;
	int i, ret, op;

	ret = ring_init(&r, 8, 0);
	if (!ret && flags & FLAG_FIXED)
		ret = ring_register(&r, &iov, 1);
	must("setup", !ret, "%s", result(ret));
	op = flags & FLAG_WRITE ?
		(flags & FLAG_FIXED ? IORING_OP_WRITE_FIXED : IORING_OP_WRITE) :
		(flags & FLAG_FIXED ? IORING_OP_READ_FIXED : IORING_OP_READ);
	for (i = 0; i < 2; i++) {
		sqe = prep_sqe(&r, op, fd, buf + i * PAGE, PAGE, i * MIB);
		sqe->user_data = i;
		if (flags & FLAG_NOWAIT)
			sqe->rw_flags = RWF_NOWAIT;
		push(&r);
	}
	start = now();
	ret = ring_enter(&r, 2, 0);
	see("enter", "%s, %s", result(ret), took(start));
	for (i = 0; i < 2; i++) {
		ret = ring_reap(&r, &data);
		res[data & 1] = ret;
	}
	see("results", "%s %s", result(res[0]), result(res[1]));
}

/* Five seconds for an I/O, and reports after two. */
static void hung_task(int write)
{
	int fd = open_node(O_RDWR);
	char *buf = memory(MIB, 0);
	long ret;

	ret = write_file("2", "/proc/sys/kernel/hung_task_timeout_secs");
	must("reports", !ret, "%s", result(ret));
	write_file("100", "/proc/sys/kernel/hung_task_warnings");
	ret = sysret(write ? pwrite(fd, buf, PAGE, 0) :
			     pread(fd, buf, PAGE, 0));
	see("result", "%s", result(ret));
	write_file("120", "/proc/sys/kernel/hung_task_timeout_secs");
}

#define CGROUP	"/sys/fs/cgroup"

/* At 1 MiB a second, 4 MiB come one after the other. */
static void throttle(int write)
{
	int fd = open_node(O_RDWR), steps = 0, ret;
	struct job job = {
		.fn = write ? job_pwrite : job_pread, .fd = fd,
		.buf = memory(4 * MIB, 0), .len = 4 * MIB,
	};
	unsigned long last, sectors, first;
	dev_t dev = rdev_of(disk->path);
	double start = now();
	char limit[100];

	mount("none", CGROUP, "cgroup2", 0, NULL);
	mkdir(CGROUP "/compare", 0755);
	snprintf(limit, sizeof(limit), "%u:%u rbps=1048576 wbps=1048576",
		 major(dev), minor(dev));
	ret = write_file("+io", CGROUP "/cgroup.subtree_control");
	must("controller", !ret, "%s", result(ret));
	ret = write_file(limit, CGROUP "/compare/io.max");
	must("limit", !ret, "%s", result(ret));
	ret = write_file("0", CGROUP "/compare/cgroup.procs");
	must("cgroup", !ret, "%s", result(ret));
	write_file("2", "/proc/sys/kernel/hung_task_timeout_secs");
	write_file("100", "/proc/sys/kernel/hung_task_warnings");
	first = last = disk_stat(write ? 6 : 2);
	job_start(&job);
	while (!job.done) {
		usleep(100000);
		sectors = disk_stat(write ? 6 : 2);
		steps += sectors != last;
		last = sectors;
	}
	see("result", "%s", job_result(&job, 10));
	must("time", now() - start > 2, "%s",
	     now() - start > 2 ? "limited" : "not limited");
	see("progress", "%s", steps > 1 ? "step by step" : "all at once");
	see("sectors", "%lu", last - first);
	write_file("120", "/proc/sys/kernel/hung_task_timeout_secs");
	write_file("0", CGROUP "/cgroup.procs");
	rmdir(CGROUP "/compare");
}

static char *map_disk(int fd, size_t len, off_t pos)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, pos);

	if (p == MAP_FAILED)
		die("mmap of the disk");
	return p;
}

/*
 * A page that is dirtied while it is written directly cannot be dropped from
 * the page cache: whoever syncs is told.
 */
static void stale_cache(int unused)
{
	int fd = open_node(O_RDWR), other = open(disk->path, O_RDWR);
	struct job job = {
		.fn = job_pwrite, .fd = fd, .buf = memory(PAGE, 0x11),
		.len = PAGE,
	};
	char *map = map_disk(other, PAGE, 0);
	int i;

	nbd_control->hold_writes = 1;
	job_start(&job);
	for (i = 0; i < 400 && !nbd_control->held_writes; i++)
		usleep(5000);
	must("held", nbd_control->held_writes == 1, "%d",
	     nbd_control->held_writes);
	map[100] = 1;
	nbd_control->hold_writes = 0;
	see("write", "%s", job_result(&job, 5));
	see("fsync", "%s", result(sysret(fsync(fd))));
	see("fsync again", "%s", result(sysret(fsync(fd))));
	see("fsync by another", "%s", result(sysret(fsync(other))));
}

static _Atomic bool stop;

static long job_dirty(struct job *job)
{
	unsigned int i = 0;

	while (!stop)
		job->buf[i++ * 512 % job->len]++;
	return 0;
}

/* Somebody keeps dirtying what is written directly. */
static void mmap_writers(int engine)
{
	int fd = open_node(O_RDWR), other = open(disk->path, O_RDWR), i;
	struct job job = {
		.fn = job_dirty, .buf = map_disk(other, 4 * PAGE, 0),
		.len = 4 * PAGE,
	};
	char *buf = memory(4 * PAGE, 0x22);
	struct iovec iov = { buf, 4 * PAGE };
	struct req rq = { .write = true, .iov = &iov, .nr = 1 };
	struct tally t = { };

	stop = false;
	job_start(&job);
	for (i = 0; i < 300; i++)
		count(&t, do_io(engine, fd, &rq));
	see("writes", "%s", tallied(&t));
	memset(&t, 0, sizeof(t));
	rq.write = false;
	for (i = 0; i < 100; i++)
		count(&t, do_io(engine, fd, &rq));
	see("reads", "%s", tallied(&t));
	stop = true;
	see("dirty", "%s", job_result(&job, 5));
}

/* Memory that is a page of the disk itself. */
static void own_pages(int engine)
{
	int fd = open_node(O_RDWR), other = open(disk->path, O_RDWR);
	char *map = map_disk(other, 16 * PAGE, MIB);
	struct iovec iov = { map, 4 * PAGE };
	struct req rq = { .iov = &iov, .nr = 1 };
	static const struct {
		const char *name;
		bool write;
		off_t pos;
	} what[] = {
		{ "read another place", false, 2 * MIB },
		{ "read the same place", false, MIB },
		{ "read across", false, MIB + PAGE },
		{ "write another place", true, 3 * MIB },
		{ "write the same place", true, MIB },
		{ "write across", true, MIB + PAGE },
	};
	size_t i, dirty;

	for (i = 0; i < ARRAY_SIZE(what); i++) {
		for (dirty = 0; dirty < 2; dirty++) {
			char key[64];

			if (dirty)
				memset(map, 0x40 + i, 2 * PAGE);
			rq.write = what[i].write;
			rq.pos = what[i].pos;
			snprintf(key, sizeof(key), "%s%s", what[i].name,
				 dirty ? ", dirty" : "");
			see(key, "%s", result(do_io(engine, fd, &rq)));
			strcat(key, ": map");
			see(key, "%lx", (long)hash(map, 16 * PAGE));
		}
	}
	see("fsync", "%s", result(sysret(fsync(fd))));
	see("fsync by another", "%s", result(sysret(fsync(other))));
	see("disk", "%lx", (long)hash_of_disk(0, 4 * MIB));
}

static long job_zeroout(struct job *job)
{
	uint64_t range[2] = { job->pos, job->len };

	return sysret(ioctl(job->fd2, BLKZEROOUT, range));
}

static void only_cpu_0(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("sched_setaffinity");
}

static void wait_held(const char *key, _Atomic int *held)
{
	int i;

	for (i = 0; i < 400 && !*held; i++)
		usleep(5000);
	must(key, *held == 1, "%d", *held);
}

/* They end, or the disk is not used any more. */
static void see_jobs(struct job *reader, struct job *zero)
{
	see("read", "%s", job_result(reader, 6));
	see("zeroout", "%s", job_result(zero, 6));
	if (!reader->done || !zero->done)
		exit(3);
}

/*
 * A read into a page that is under writeback, and which somebody has locked who
 * waits for that: whoever completes the read must not wait for the lock, as it
 * would have completed the writeback next. All goes through one connection, as
 * all runs on one CPU, and is completed by what receives from it. The page is
 * that of another partition, for nothing of the one that is read to be cached.
 */
static void locked_nbd(int async)
{
	char read_path[72], page_path[72], *map;
	struct job reader = {
		.fn = async ? job_aio : job_pread, .len = PAGE, .pos = MIB,
	};
	struct job zero = { .fn = job_zeroout, .len = PAGE };
	int fd, other, ret;

	ret = write_file("0", "/sys/block/%s/queue/rq_affinity",
			 disk->path + 5);
	must("affinity", !ret, "%s", result(ret));
	snprintf(read_path, sizeof(read_path), "%sp1", disk->path);
	snprintf(page_path, sizeof(page_path), "%sp2", disk->path);
	if (partition_add(1, MIB, 8 * MIB) ||
	    partition_add(2, 10 * MIB, 8 * MIB) ||
	    raw_bind(200, rdev_of(read_path)))
		die("partitions");
	fd = open(on_raw ? "/dev/raw/raw200" : read_path, O_RDWR | O_DIRECT);
	other = open(page_path, O_RDWR);
	if (fd < 0 || other < 0)
		die("open of a partition");
	reader.fd = fd;
	zero.fd2 = other;
	only_cpu_0();
	map = reader.buf = map_disk(other, PAGE, 0);
	map[0] = 1;
	nbd_control->hold_reads = nbd_control->hold_writes = 1;
	job_start(&reader);
	wait_held("held", &nbd_control->held_reads);
	ret = sysret(sync_file_range(other, 0, PAGE, SYNC_FILE_RANGE_WRITE));
	must("sync_file_range", !ret, "%s", result(ret));
	wait_held("writeback", &nbd_control->held_writes);
	job_start(&zero);
	usleep(500000);
	must("locked", !zero.done && !reader.done, "waits");
	nbd_control->hold_reads = 0;
	/* Sent, received and completed. */
	usleep(500000);
	nbd_control->hold_writes = 0;
	see_jobs(&reader, &zero);
	munmap(map, PAGE);
	close(fd);
	close(other);
	raw_bind(200, 0);
	see("partition 1", "%s", result(partition_del(1)));
	see("partition 2", "%s", result(partition_del(2)));
}

static void wait_inflight(const struct disk *d, bool some)
{
	int i;

	for (i = 0; i < 1000 && !disk_inflight(d->path) == some; i++)
		usleep(5000);
	must(some ? "in flight" : "not in flight",
	     !disk_inflight(d->path) != some, "%s", some ? "some" : "none");
}

static long written_behind(int fd, off_t pos)
{
	char *buf = memory(PAGE, 3);
	struct iovec iov = { buf, PAGE };

	return sysret(pwritev2(fd, &iov, 1, pos, RWF_DONTCACHE));
}

/*
 * The same with writeback that completes in the work queue that there is for
 * pages that are dropped behind (RWF_DONTCACHE), on one CPU.
 */
static void locked_work(int async)
{
	struct disk behind = {
		.name = "behind",
		.how = "completion_nsec=1500000000 irqmode=2",
	};
	struct job reader = { .len = PAGE, .fn = async ? job_aio : job_pread };
	struct job zero = { .fn = job_zeroout, .len = PAGE, .pos = PAGE };
	char *buf = memory(PAGE, 0), *map;
	int other;

	if (null_add(&behind))
		die("a second disk");
	only_cpu_0();
	other = open(behind.path, O_RDWR);
	reader.fd = open_node(O_RDWR);
	zero.fd2 = other;
	/*
	 * The neighbour is cached, alone, so that its fault maps our page, too:
	 * a fault of that itself would have it kept.
	 */
	posix_fadvise(other, 0, 0, POSIX_FADV_RANDOM);
	if (pread(other, buf, PAGE, 0) != PAGE)
		die("the neighbour");
	must("write", written_behind(other, PAGE) == PAGE, "behind");
	sync_file_range(other, PAGE, PAGE, SYNC_FILE_RANGE_WRITE);
	wait_inflight(&behind, true);
	map = map_disk(other, 2 * PAGE, 0);
	see("neighbour", "%d", *(volatile char *)map);
	/* It is not dropped at the end of this writeback, but of the next. */
	map[PAGE] = 1;
	wait_inflight(&behind, false);
	reader.buf = map + PAGE;
	job_start(&reader);
	usleep(150000);
	sync_file_range(other, PAGE, PAGE, SYNC_FILE_RANGE_WRITE);
	usleep(150000);
	job_start(&zero);
	usleep(150000);
	must("locked", !zero.done && !reader.done, "waits");
	see_jobs(&reader, &zero);
	close(other);
	null_del(&behind);
}

/* What a disk with a cache is asked to flush. */
static void flushes(int engine)
{
	char *buf = memory(PAGE, 7);
	struct iovec iov = { buf, PAGE };
	struct req rq = { .write = true, .iov = &iov, .nr = 1 };
	static const struct { const char *name; int open, rwf; } how[] = {
		{ "O_DSYNC", O_DSYNC, 0 }, { "O_SYNC", O_SYNC, 0 },
		{ "RWF_DSYNC", 0, RWF_DSYNC }, { "none", 0, 0 },
	};
	unsigned long before;
	char key[32];
	size_t i;
	int fd, n;

	for (i = 0; i < ARRAY_SIZE(how); i++) {
		fd = open_node(O_RDWR | how[i].open);
		before = disk_stat(15);
		rq.flags = how[i].rwf;
		for (n = 0; n < 10; n++) {
			rq.pos = n * MIB;
			if (do_io(engine, fd, &rq) != PAGE)
				see(how[i].name, "short");
		}
		see(how[i].name, "%lu flushes", disk_stat(15) - before);
		before = disk_stat(15);
		fsync(fd);
		snprintf(key, sizeof(key), "fsync after %s", how[i].name);
		see(key, "%lu flushes", disk_stat(15) - before);
		close(fd);
	}
}

static int bad_sectors(const char *which)
{
	return write_file(which, "/sys/kernel/config/nullb/%s/badblocks",
			  disk->name);
}

static void errors(int engine)
{
	static const struct {
		const char *name;
		off_t pos;
		size_t len;
	} what[] = {
		{ "page", 4 * MIB, PAGE }, { "before", 4 * MIB - PAGE, PAGE },
		{ "last block", 4 * MIB - 65536, 65536 + 512 },
		{ "in the middle", 4 * MIB - 65536, 131072 },
		{ "3 MiB, in the middle", 3 * MIB, 3 * MIB },
		{ "6 MiB, in the middle", MIB, 6 * MIB },
	};
	int fd = open_node(O_RDWR), write, ret;
	char *buf = memory(6 * MIB, 0);
	struct iovec iov = { buf };
	struct req rq = { .iov = &iov, .nr = 1 };
	char key[64];
	size_t i;

	ret = bad_sectors("+8192-8192");
	must("badblocks", !ret, "%s", result(ret));
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		for (write = 0; write < 2; write++) {
			snprintf(key, sizeof(key), "%s %s",
				 write ? "write" : "read", what[i].name);
			memset(buf, write ? i + 1 : 0, what[i].len);
			iov.iov_len = what[i].len;
			rq.pos = what[i].pos;
			rq.write = write;
			see(key, "%s", result(do_io(engine, fd, &rq)));
		}
	}
	see("fsync", "%s", result(sysret(fsync(fd))));
	bad_sectors("-8192-8192");
	see("good again", "%s", result(do_io(engine, fd, &rq)));
	close(fd);
}

static void zones(int engine)
{
	static const struct {
		const char *name;
		bool write;
		off_t pos;
		size_t len, shift;
	} what[] = {
		{ "conventional", true, MIB, 65536 },
		{ "at the pointer", true, 4 * MIB, 65536 },
		{ "at the pointer again", true, 4 * MIB + 65536, MIB },
		{ "not at the pointer", true, 8 * MIB + PAGE, PAGE },
		{ "behind the pointer", true, 4 * MIB, PAGE },
		{ "a whole zone", true, 12 * MIB, 4 * MIB },
		{ "into a full zone", true, 12 * MIB, PAGE },
		{ "across zones", true, 16 * MIB, 6 * MIB },
		{ "read across zones", false, 3 * MIB, 6 * MIB },
		{ "read what is not written", false, 8 * MIB, PAGE },
		{ "address 4", true, 20 * MIB, PAGE, 4 },
	};
	int fd = open_node(O_RDWR), ret;
	struct blk_zone_range all = { 0, DISK_MIB * MIB / 512 };
	struct {
		struct blk_zone_report head;
		struct blk_zone zone[8];
	} report = { .head.nr_zones = 8 };
	char *buf = memory(8 * MIB, 3), key[64];
	struct iovec iov = { buf };
	struct req rq = { .iov = &iov, .nr = 1 };
	size_t i;

	all.sector = 4 * MIB / 512;
	all.nr_sectors -= all.sector;
	ret = sysret(ioctl(fd, BLKRESETZONE, &all));
	must("reset", !ret, "%s", result(ret));
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		iov.iov_base = buf + what[i].shift;
		iov.iov_len = what[i].len;
		rq.pos = what[i].pos;
		rq.write = what[i].write;
		see(what[i].name, "%s", result(do_io(engine, fd, &rq)));
	}
	see("report", "%s", result(sysret(ioctl(fd, BLKREPORTZONE, &report))));
	for (i = 0; i < report.head.nr_zones && i < 8; i++) {
		snprintf(key, sizeof(key), "zone %zu", i);
		see(key, "wp %llu cond %d", report.zone[i].wp,
		    report.zone[i].cond);
	}
	see("fsync", "%s", result(sysret(fsync(fd))));
}

static void read_only(int unused)
{
	int other = open(disk->path, O_RDONLY), on = 1, off = 0;
	char *buf = memory(PAGE, 0);
	struct iovec iov = { buf, PAGE };
	struct req rq = { .iov = &iov, .nr = 1 };
	int fd = open_node(O_RDWR), fd2, e;

	ioctl(other, BLKROSET, &on);
	fd2 = open(node(), O_RDWR | O_DIRECT);
	see("open", "%s", fd2 < 0 ? result(-errno) : "ok");
	fd2 = open(node(), O_RDONLY | O_DIRECT);
	see("open to read", "%s", fd2 < 0 ? result(-errno) : "ok");
	for (e = 0; e < NR_ENGINES; e++) {
		char key[64];

		snprintf(key, sizeof(key), "%s %s", engine_name[e], "read");
		rq.write = false;
		see(key, "%s", result(do_io(e, fd, &rq)));
		snprintf(key, sizeof(key), "%s %s", engine_name[e], "write");
		rq.write = true;
		see(key, "%s", result(do_io(e, fd, &rq)));
		snprintf(key, sizeof(key), "%s %s", engine_name[e], "nothing");
		iov.iov_len = 0;
		see(key, "%s", result(do_io(e, fd, &rq)));
		iov.iov_len = PAGE;
		snprintf(key, sizeof(key), "%s read-only", engine_name[e]);
		see(key, "%s", result(do_io(e, fd2, &rq)));
	}
	see("fsync", "%s", result(sysret(fsync(fd))));
	ioctl(other, BLKROSET, &off);
}

static void fcntls(int unused)
{
	static const struct { const char *name; int flags; } set[] = {
		{ "the same", O_DIRECT }, { "O_APPEND", O_DIRECT | O_APPEND },
		{ "O_NONBLOCK", O_DIRECT | O_NONBLOCK },
		{ "O_NOATIME", O_DIRECT | O_NOATIME },
		{ "O_ASYNC", O_DIRECT | O_ASYNC }, { "without O_DIRECT", 0 },
	};
	char *buf = memory(2 * PAGE, 0), key[64];
	int fd = open_node(O_RDWR), status;
	uint64_t hint = RWH_WRITE_LIFE_LONG, got = 0;
	size_t i;

	see("flags", "%o", fcntl(fd, F_GETFL));
	for (i = 0; i < ARRAY_SIZE(set); i++) {
		snprintf(key, sizeof(key), "set %s", set[i].name);
		see(key, "%s",
		    result(sysret(fcntl(fd, F_SETFL, set[i].flags))));
		snprintf(key, sizeof(key), "flags after %s", set[i].name);
		see(key, "%o", fcntl(fd, F_GETFL));
		snprintf(key, sizeof(key), "read after %s", set[i].name);
		see(key, "%s", result(sysret(pread(fd, buf, PAGE, 0))));
		snprintf(key, sizeof(key), "write after %s", set[i].name);
		see(key, "%s", result(sysret(pwrite(fd, buf, PAGE, MIB))));
		snprintf(key, sizeof(key), "unaligned read after %s",
			 set[i].name);
		see(key, "%s", result(sysret(pread(fd, buf + 1, 100, 1))));
	}
	fcntl(fd, F_SETFL, O_DIRECT);
	see("hint", "%s", result(sysret(fcntl(fd, F_SET_RW_HINT, &hint))));
	see("get hint", "%s", result(sysret(fcntl(fd, F_GET_RW_HINT, &got))));
	see("the hint", "%lu", (long)got);
	see("write", "%s", result(sysret(pwrite(fd, buf, PAGE, 0))));
	see("lease", "%s", result(sysret(fcntl(fd, F_SETLEASE, F_RDLCK))));
	see("seals", "%s", result(sysret(fcntl(fd, F_GET_SEALS))));
	/* Somebody who does not own the file. */
	if (!fork()) {
		if (setgid(65534) || setuid(65534))
			exit(99);
		status = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL));
		exit(status ? errno : 0);
	}
	wait(&status);
	see("set by nobody", "%s", result(-WEXITSTATUS(status)));
}

static void opens(int unused)
{
	static const struct { const char *name; int flags; } how[] = {
		{ "O_RDONLY", O_RDONLY }, { "O_WRONLY", O_WRONLY },
		{ "O_RDWR", O_RDWR }, { "3", 3 }, { "O_EXCL", O_RDWR | O_EXCL },
		{ "O_APPEND", O_RDWR | O_APPEND },
		{ "O_TRUNC", O_RDWR | O_TRUNC },
		{ "O_NOATIME", O_RDWR | O_NOATIME },
		{ "O_CREAT", O_RDWR | O_CREAT },
		{ "O_CREAT | O_EXCL", O_RDWR | O_CREAT | O_EXCL },
		{ "O_DIRECTORY", O_RDONLY | O_DIRECTORY },
		{ "O_PATH", O_PATH }, { "O_NOFOLLOW", O_RDWR | O_NOFOLLOW },
		{ "O_NONBLOCK", O_RDWR | O_NONBLOCK },
		{ "O_SYNC", O_RDWR | O_SYNC }, { "O_ASYNC", O_RDWR | O_ASYNC },
	};
	char *buf = memory(PAGE, 9);
	unsigned long size;
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(how); i++) {
		long got, put, size_ret, sync;

		fd = open(node(), how[i].flags | O_DIRECT, 0600);
		if (fd < 0) {
			see(how[i].name, "%s", result(-errno));
			continue;
		}
		st.st_size = -1;
		fstat(fd, &st);
		got = sysret(read(fd, buf, PAGE));
		put = sysret(write(fd, buf, PAGE));
		size_ret = sysret(ioctl(fd, BLKGETSIZE, &size));
		sync = sysret(fsync(fd));
		see(how[i].name, "flags %o, read %s, write %s, size %s, "
		    "fsync %s, to %ld, st_size %ld", fcntl(fd, F_GETFL),
		    result(got), result(put), result(size_ret), result(sync),
		    (long)lseek(fd, 0, SEEK_CUR), (long)st.st_size);
		close(fd);
	}
}

/* What a call returned, and where the file is after it. */
static void see_at(const char *key, int fd, long ret)
{
	see(key, "%s, at %ld", result(ret), (long)lseek(fd, 0, SEEK_CUR));
}

static void seeks(int unused)
{
	static const struct { off_t off; int whence; } to[] = {
		{ 0, SEEK_SET }, { 1, SEEK_SET }, { -1, SEEK_SET },
		{ 4096, SEEK_CUR }, { -4096, SEEK_CUR }, { -9999, SEEK_CUR },
		{ 0, SEEK_END }, { -512, SEEK_END }, { 1, SEEK_END },
		{ -(1L << 40), SEEK_END }, { 0, SEEK_DATA }, { 0, SEEK_HOLE },
		{ 4096, SEEK_DATA }, { 4096, SEEK_HOLE },
		{ 1L << 40, SEEK_SET }, { 1L << 40, SEEK_DATA }, { 0, 5 },
		{ 0x7fffffffffffffffL, SEEK_SET },
		{ 0x7fffffffffffffffL, SEEK_CUR },
		{ 0x7fffffffffffffffL, SEEK_END },
	};
	int fd = open_node(O_RDWR);
	char *buf = memory(MIB, 0), key[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(to); i++) {
		snprintf(key, sizeof(key), "%ld from %d", (long)to[i].off,
			 to[i].whence);
		see_at(key, fd, sysret(lseek(fd, to[i].off, to[i].whence)));
		if (i % 5 == 0) {
			snprintf(key, sizeof(key), "read %zu", i);
			see(key, "%s", result(sysret(read(fd, buf, 4096))));
		}
	}
	/* Until the end, and at it. */
	lseek(fd, -(off_t)MIB - 512, SEEK_END);
	for (i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "end %zu", i);
		see_at(key, fd, sysret(read(fd, buf, MIB)));
	}
	lseek(fd, -(off_t)MIB - 512, SEEK_END);
	for (i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "write end %zu", i);
		see_at(key, fd, sysret(write(fd, buf, MIB)));
	}
	/* After an error and a short one. */
	lseek(fd, 4096, SEEK_SET);
	see_at("unaligned", fd, sysret(read(fd, buf, 100)));
	mprotect(buf + 8192, 4096, PROT_NONE);
	see_at("hole", fd, sysret(read(fd, buf, 16384)));
	see_at("write from a hole", fd, sysret(write(fd, buf, 16384)));
}

static void calls(int unused)
{
	int fd = open_node(O_RDWR), pipes[2], file, ep, ret;
	char *buf = memory(65536, 5), *p;
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT };
	struct epoll_event ev = { .events = EPOLLIN };
	uint64_t range[2] = { 0, 4096 };
	struct statx stx = { };
	loff_t off;

	file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	if (pipe(pipes) || file < 0 || write(file, buf, 65536) != 65536)
		die("pipe or file");
	p = mmap(NULL, 65536, PROT_READ, MAP_SHARED, fd, 0);
	see("mmap", "%s", p == MAP_FAILED ? result(-errno) : "ok");
	p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	see("private mmap", "%s", p == MAP_FAILED ? result(-errno) : "ok");
	off = 0;
	see("splice from", "%s",
	    result(sysret(splice(fd, &off, pipes[1], NULL, 8192, 0))));
	see("splice to", "%s",
	    result(sysret(splice(pipes[0], NULL, fd, &off, 8192,
				 SPLICE_F_NONBLOCK))));
	off = 0;
	see("sendfile to", "%s",
	    result(sysret(sendfile(fd, file, &off, 8192))));
	off = 0;
	lseek(file, 0, SEEK_SET);
	see("sendfile from", "%s",
	    result(sysret(sendfile(file, fd, &off, 8192))));
	off = 0;
	see("copy_file_range", "%s",
	    result(sysret(copy_file_range(fd, &off, file, NULL, 8192, 0))));
	see("fallocate", "%s", result(sysret(fallocate(fd, 0, 0, 4096))));
	see("punch", "%s", result(sysret(fallocate(fd, FALLOC_FL_PUNCH_HOLE |
						   FALLOC_FL_KEEP_SIZE, 0,
						   4096))));
	see("zero", "%s", result(sysret(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0,
						  4096))));
	see("ftruncate", "%s", result(sysret(ftruncate(fd, 4096))));
	see("fadvise", "%s", result(-posix_fadvise(fd, 0, 0,
						   POSIX_FADV_DONTNEED)));
	see("readahead", "%s", result(sysret(readahead(fd, 0, 65536))));
	see("sync_file_range", "%s",
	    result(sysret(sync_file_range(fd, 0, 65536, 7))));
	see("fsync", "%s", result(sysret(fsync(fd))));
	see("fdatasync", "%s", result(sysret(fdatasync(fd))));
	see("flock", "%s", result(sysret(flock(fd, LOCK_EX | LOCK_NB))));
	ret = poll(&pfd, 1, 0);
	see("poll", "%d %x", ret, pfd.revents);
	ep = epoll_create1(0);
	see("epoll", "%s",
	    result(sysret(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))));
	see("statx", "%s", result(sysret(statx(fd, "", AT_EMPTY_PATH,
				STATX_BASIC_STATS | STATX_DIOALIGN |
				STATX_WRITE_ATOMIC,
				&stx))));
	see("alignment", "mask %x, %u %u",
	    stx.stx_mask & (STATX_DIOALIGN | STATX_WRITE_ATOMIC),
	    stx.stx_dio_mem_align, stx.stx_dio_offset_align);
	see("blksize", "%u", stx.stx_blksize);
	see("discard", "%s", result(sysret(ioctl(fd, BLKDISCARD, range))));
	see("zeroout", "%s", result(sysret(ioctl(fd, BLKZEROOUT, range))));
	see("disk", "%lx", (long)hash_of_disk(0, MIB));
}

static void ioctls(int flags)
{
	static const struct {
		const char *name;
		unsigned long cmd;
		int bytes;
	} what[] = {
		{ "BLKGETSIZE", BLKGETSIZE, 8 }, { "SIZE64", BLKGETSIZE64, 8 },
		{ "BLKSSZGET", BLKSSZGET, 4 }, { "BLKPBSZGET", BLKPBSZGET, 4 },
		{ "BLKIOMIN", BLKIOMIN, 4 }, { "BLKIOOPT", BLKIOOPT, 4 },
		{ "BLKALIGNOFF", BLKALIGNOFF, 4 }, { "BLKROGET", BLKROGET, 4 },
		{ "BLKROTATIONAL", BLKROTATIONAL, 2 },
		{ "BLKRAGET", BLKRAGET, 8 },
		{ "BLKSECTGET", BLKSECTGET, 2 }, { "BLKBSZGET", BLKBSZGET, 4 },
		{ "BLKDISCARDZEROES", BLKDISCARDZEROES, 4 },
		{ "BLKGETZONESZ", BLKGETZONESZ, 4 },
		{ "BLKGETNRZONES", BLKGETNRZONES, 4 },
		{ "HDIO_GETGEO", HDIO_GETGEO, 16 }, { "FIGETBSZ", FIGETBSZ, 4 },
		{ "FIONREAD", 0x541b, 4 }, { "FIBMAP", FIBMAP, 4 },
		{ "FS_IOC_GETFLAGS", FS_IOC_GETFLAGS, 8 },
		{ "CDROM_GET_CAPABILITY", 0x5331, 4 }, { "unknown", 0x12ff, 8 },
		{ "BLKFLSBUF", BLKFLSBUF, 0 }, { "BLKRRPART", BLKRRPART, 0 },
	};
	int fd = open_node(flags), n;
	uint64_t range[2] = { 0, 4096 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(what); i++) {
		unsigned char out[64] = "";

		n = sysret(ioctl(fd, what[i].cmd, out));
		see(what[i].name, "%s %lx", result(n),
		    n ? 0 : (long)hash(out, what[i].bytes));
	}
	for (i = 512; i <= 8192; i += i) {
		char key[32];

		n = i;
		snprintf(key, sizeof(key), "BLKBSZSET %zu", i);
		see(key, "%s", result(sysret(ioctl(fd, BLKBSZSET, &n))));
	}
	see("BLKDISCARD", "%s", result(sysret(ioctl(fd, BLKDISCARD, range))));
	see("BLKZEROOUT", "%s", result(sysret(ioctl(fd, BLKZEROOUT, range))));
	see("BLKSECDISCARD", "%s",
	    result(sysret(ioctl(fd, BLKSECDISCARD, range))));
	range[0] = 1;
	see("BLKDISCARD, not aligned", "%s",
	    result(sysret(ioctl(fd, BLKDISCARD, range))));
	see("BLKZEROOUT, not aligned", "%s",
	    result(sysret(ioctl(fd, BLKZEROOUT, range))));
	/* io_uring's own. */
	{
		struct io_uring_sqe *sqe;
		struct ring r;

		if (!ring_init(&r, 4, 0)) {
			sqe = prep_sqe(&r, IORING_OP_URING_CMD, fd, NULL, 0, 0);
			sqe->cmd_op = BLOCK_URING_CMD_DISCARD;
			sqe->addr = 0;
			sqe->addr3 = 4096;
			push(&r);
			ring_enter(&r, 1, 1);
			see("uring discard", "%s",
			    result(ring_reap(&r, NULL)));
		}
	}
}

/* Whoever started I/O goes on with something else meanwhile. */
static void in_flight(int unused)
{
	char *buf = memory(8 * PAGE, 0xee);
	struct iocb iocb, *p = &iocb;
	long ctx = aio_setup(), res[4];
	int fd, copy, status, ret;
	double start;
	pid_t pid;

	/* Close the file. */
	fd = open_node(O_RDWR);
	prep_iocb(&iocb, fd, false, buf, PAGE, 0, 0, 0);
	ret = aio_submit(ctx, 1, &p);
	start = now();
	close(fd);
	see("close", "%s %s", result(ret), took(start));
	ret = aio_wait(ctx, 1, res, 5);
	see("after close", "%s %s", result(ret), result(res[0]));

	/* A copy of the descriptor. */
	fd = open_node(O_RDWR);
	copy = dup(fd);
	lseek(copy, MIB, SEEK_SET);
	see("dup", "%ld", (long)lseek(fd, 0, SEEK_CUR));
	close(fd);
	fd = copy;

	/* Fork: the data come to the parent. */
	memset(buf, 0xee, PAGE);
	prep_iocb(&iocb, fd, false, buf, PAGE, 0, 0, 0);
	aio_submit(ctx, 1, &p);
	pid = fork();
	if (!pid) {
		buf[5] = 1;
		_exit(buf[0]);
	}
	waitpid(pid, &status, 0);
	ret = aio_wait(ctx, 1, res, 5);
	see("fork", "%s %s, child %d, data %lx", result(ret), result(res[0]),
	    status, (long)hash(buf, PAGE));

	/* Unmap the buffer, and map another. */
	prep_iocb(&iocb, fd, false, buf + PAGE, PAGE, 0, 0, 0);
	aio_submit(ctx, 1, &p);
	mmap(buf + PAGE, PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ret = aio_wait(ctx, 1, res, 5);
	see("unmap", "%s %s, %lx", result(ret), result(res[0]),
	    (long)hash(buf + PAGE, PAGE));
	prep_iocb(&iocb, fd, false, buf + 2 * PAGE, PAGE, 0, 0, 0);
	aio_submit(ctx, 1, &p);
	madvise(buf + 2 * PAGE, PAGE, MADV_DONTNEED);
	ret = aio_wait(ctx, 1, res, 5);
	see("discard", "%s %s, %lx", result(ret), result(res[0]),
	    (long)hash(buf + 2 * PAGE, PAGE));

	/* Exit with I/O in flight, and with a read that cannot be killed. */
	start = now();
	pid = fork();
	if (!pid) {
		ctx = aio_setup();
		aio_submit(ctx, 1, &p);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	see("exit", "%d %s", status, took(start));
	start = now();
	pid = fork();
	if (!pid)
		_exit(pread(fd, buf, PAGE, 0) != PAGE);
	usleep(200000);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	see("kill", "%d %s", status, took(start));
	see("fsync", "%s", result(sysret(fsync(fd))));
}

static void ioprio(int unused)
{
	static const int prio[] = { 0, 1 << 13, 2 << 13 | 4, 3 << 13, 7 << 13,
				    2 << 13 | 0x1fff, 0xffff };
	int fd = open_node(O_RDWR), ret;
	char *buf = memory(PAGE, 0), key[64];
	struct io_uring_sqe *sqe;
	struct iocb iocb, *p = &iocb;
	long ctx = aio_setup(), res[1];
	struct ring r;
	size_t i;

	if (ring_init(&r, 4, 0))
		die("io_uring");
	for (i = 0; i < ARRAY_SIZE(prio); i++) {
		snprintf(key, sizeof(key), "aio %x", prio[i]);
		prep_iocb(&iocb, fd, i & 1, buf, PAGE, 0, 0, 0);
		iocb.aio_flags = IOCB_FLAG_IOPRIO;
		iocb.aio_reqprio = prio[i];
		res[0] = 0;
		ret = aio_submit(ctx, 1, &p);
		if (ret == 1)
			aio_wait(ctx, 1, res, 5);
		see(key, "%s %s", result(ret), result(res[0]));
		snprintf(key, sizeof(key), "uring %x", prio[i]);
		sqe = prep_sqe(&r, IORING_OP_READ, fd, buf, PAGE, 0);
		sqe->ioprio = prio[i];
		push(&r);
		ring_enter(&r, 1, 1);
		see(key, "%s", result(ring_reap(&r, NULL)));
	}
	for (i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "stream %zu", i);
		sqe = prep_sqe(&r, IORING_OP_WRITE, fd, buf, PAGE, 0);
		sqe->write_stream = i;
		push(&r);
		ring_enter(&r, 1, 1);
		see(key, "%s", result(ring_reap(&r, NULL)));
	}
}

/* Does I/O show in the times of the node? */
static void times(int engine)
{
	static const struct timespec old[2] = {
		{ 1000000000 }, { 1000000000 },
	};
	char *buf = memory(PAGE, 0), key[32];
	struct iovec iov = { buf, PAGE };
	struct req rq = { .iov = &iov, .nr = 1 };
	int fd = open_node(O_RDWR), write;
	struct stat st;

	for (write = 0; write < 2; write++) {
		utimensat(AT_FDCWD, node(), old, 0);
		rq.write = write;
		do_io(engine, fd, &rq);
		stat(node(), &st);
		snprintf(key, sizeof(key), write ? "write" : "read");
		see(key, "atime %s, mtime %s",
		    st.st_atime == 1000000000 ? "old" : "new",
		    st.st_mtime == 1000000000 ? "old" : "new");
	}
}

static long io_count(const char *name)
{
	FILE *f = fopen("/proc/self/io", "r");
	char line[128];
	long n = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			n = atol(strchr(line, ':') + 1);
	if (f)
		fclose(f);
	return n;
}

static void accounting(int engine)
{
	char *buf = memory(MIB, 0);
	struct iovec iov = { buf, MIB };
	struct req rq = { .iov = &iov, .nr = 1 };
	int fd = open_node(O_RDWR);
	long reads = io_count("read_bytes"), writes = io_count("write_bytes");
	unsigned long sectors[2] = { disk_stat(2), disk_stat(6) };

	do_io(engine, fd, &rq);
	rq.write = true;
	do_io(engine, fd, &rq);
	see("bytes", "read %ld, write %ld", io_count("read_bytes") - reads,
	    io_count("write_bytes") - writes);
	see("sectors", "read %lu, write %lu", disk_stat(2) - sectors[0],
	    disk_stat(6) - sectors[1]);
}

/* The page cache of the disk and direct I/O see each other. */
static void cached(int engine)
{
	int fd = open_node(O_RDWR), other = open(disk->path, O_RDWR);
	char *buf = memory(16 * PAGE, 0);
	struct iovec iov = { buf, 16 * PAGE };
	struct req rq = { .iov = &iov, .nr = 1, .pos = 4 * MIB };
	char *map = map_disk(other, 16 * PAGE, 4 * MIB);
	long ret;

	memset(buf, 0x31, 16 * PAGE);
	if (pwrite(other, buf, 3 * PAGE, 4 * MIB + PAGE) != 3 * PAGE)
		die("pwrite");
	map[5 * PAGE] = 7;
	ret = do_io(engine, fd, &rq);
	see("read of dirty", "%s %lx", result(ret), (long)hash(buf, 16 * PAGE));
	memset(buf, 0x32, 16 * PAGE);
	rq.write = true;
	see("write", "%s", result(do_io(engine, fd, &rq)));
	see("map", "%lx", (long)hash(map, 16 * PAGE));
	memset(map, 0x33, PAGE);
	see("write to dirty", "%s", result(do_io(engine, fd, &rq)));
	see("dirty map", "%lx", (long)hash(map, 16 * PAGE));
	rq.flags = RWF_NOWAIT;
	memset(map, 0x34, PAGE);
	see("NOWAIT to dirty", "%s", result(do_io(engine, fd, &rq)));
	see("clean cached", "%d", *(volatile char *)(map + PAGE));
	see("NOWAIT to cached", "%s", result(do_io(engine, fd, &rq)));
	rq.write = false;
	see("NOWAIT of dirty", "%s", result(do_io(engine, fd, &rq)));
	fsync(other);
	see("NOWAIT of clean", "%s", result(do_io(engine, fd, &rq)));
	see("fsync", "%s", result(sysret(fsync(fd))));
	see("fsync by another", "%s", result(sysret(fsync(other))));
	see("disk", "%lx", (long)hash_of_disk(4 * MIB, MIB));
}

/* Somebody has it for himself. */
static void claimed(int unused)
{
	int excl = open(disk->path, O_RDWR | O_EXCL), fd;

	must("claim", excl >= 0, "%s", excl < 0 ? result(-errno) : "ok");
	fd = open(node(), O_RDWR | O_DIRECT);
	see("open", "%s", fd < 0 ? result(-errno) : "ok");
	if (fd >= 0)
		close(fd);
	fd = open(node(), O_RDONLY | O_DIRECT);
	see("open to read", "%s", fd < 0 ? result(-errno) : "ok");
	if (fd >= 0)
		close(fd);
	close(excl);
	fd = open(node(), O_RDWR | O_DIRECT);
	excl = open(disk->path, O_RDWR | O_EXCL);
	see("claim after open", "%s", excl < 0 ? result(-errno) : "ok");
	if (excl >= 0)
		close(excl);
	close(fd);
	excl = open(node(), O_RDWR | O_DIRECT | O_EXCL);
	see("open to claim", "%s", excl < 0 ? result(-errno) : "ok");
	fd = open(node(), O_RDWR | O_DIRECT | O_EXCL);
	see("open to claim again", "%s", fd < 0 ? result(-errno) : "ok");
}

/* Memory of a file on DAX, alone and between other memory. */
static void dax(int engine)
{
	int fd = open_node(O_RDWR), file;
	char *anon = memory(2 * PAGE, 0), *map;
	struct iovec iov[3];
	struct req rq = { .iov = iov };
	long ret;

	if (access("/dev/pmem0", F_OK) ||
	    system("mkfs.ext4 -q -F -b 4096 /dev/pmem0 && mkdir -p /tmp/dax && "
		   "mount -t ext4 -o dax /dev/pmem0 /tmp/dax"))
		die("a file system with DAX");
	file = open("/tmp/dax/file", O_CREAT | O_RDWR, 0600);
	if (fallocate(file, 0, 0, 16 * PAGE))
		die("fallocate");
	map = map_disk(file, 16 * PAGE, 0);
	memset(map, 1, 16 * PAGE);
	iov[0] = (struct iovec){ anon, PAGE };
	iov[1] = (struct iovec){ map, PAGE };
	iov[2] = (struct iovec){ anon + PAGE, PAGE };
	for (rq.nr = 1; rq.nr <= 3; rq.nr++) {
		char key[32];

		snprintf(key, sizeof(key), "read %d", rq.nr);
		rq.write = false;
		see(key, "%s", result(do_io(engine, fd, &rq)));
		snprintf(key, sizeof(key), "write %d", rq.nr);
		rq.write = true;
		see(key, "%s", result(do_io(engine, fd, &rq)));
	}
	iov[0] = (struct iovec){ map, 16 * PAGE };
	rq.nr = 1;
	rq.write = false;
	ret = do_io(engine, fd, &rq);
	see("only DAX", "%s %lx", result(ret), (long)hash(map, 16 * PAGE));
	munmap(map, 16 * PAGE);
	close(file);
	umount("/tmp/dax");
}

/* Protection information of one's own. */
static void metadata(int write)
{
	int fd = open_node(O_RDWR);
	char *buf = memory(PAGE, 1), *pi = memory(PAGE, 2);
	struct io_uring_attr_pi attr = {
		.addr = (uintptr_t)pi, .len = 8 * 8,
	};
	struct io_uring_sqe *sqe;
	struct ring r;
	int ret;

	ret = ring_init(&r, 4, 0);
	must("setup", !ret, "%s", result(ret));
	see("plain", "%s", result(sysret(pread(fd, buf, PAGE, MIB))));
	sqe = prep_sqe(&r, write ? IORING_OP_WRITE : IORING_OP_READ, fd, buf,
		       PAGE, MIB);
	sqe->attr_type_mask = IORING_RW_ATTR_FLAG_PI;
	sqe->attr_ptr = (uintptr_t)&attr;
	push(&r);
	see("enter", "%s", result(ring_enter(&r, 1, 1)));
	see("result", "%s", result(ring_reap(&r, NULL)));
	see("data", "%lx, information %lx", (long)hash(buf, PAGE),
	    (long)hash(pi, PAGE));
}

/* The disk goes away while the file is open. */
static void removed(int unused)
{
	struct disk gone = { .name = "gone", .how = "" }, *d = disk;
	char *buf = memory(PAGE, 0), path[64];
	struct iovec iov = { buf, PAGE };
	struct req rq = { .iov = &iov, .nr = 1 };
	uint64_t size = 0;
	int fd, e;

	if (null_add(&gone) || raw_bind(200, rdev_of(gone.path)))
		die("a disk to be removed");
	snprintf(path, sizeof(path), on_raw ? "/dev/raw/raw200" : "/dev/gone");
	disk = &gone;
	fd = open(path, O_RDWR | O_DIRECT);
	see("open", "%s", fd < 0 ? result(-errno) : "ok");
	see("before", "%s", result(sysret(pread(fd, buf, PAGE, 0))));
	null_del(&gone);
	for (e = 0; e < NR_ENGINES; e++) {
		char key[32];

		snprintf(key, sizeof(key), "%s read", engine_name[e]);
		rq.write = false;
		see(key, "%s", result(do_io(e, fd, &rq)));
		snprintf(key, sizeof(key), "%s write", engine_name[e]);
		rq.write = true;
		see(key, "%s", result(do_io(e, fd, &rq)));
	}
	see("fsync", "%s", result(sysret(fsync(fd))));
	see("seek", "%ld", (long)lseek(fd, 0, SEEK_END));
	e = sysret(ioctl(fd, BLKGETSIZE64, &size));
	see("size", "%s %lu", result(e), (long)size);
	e = open(path, O_RDWR | O_DIRECT);
	see("open again", "%s", e < 0 ? "fails" : "ok");
	close(fd);
	raw_bind(200, 0);
	disk = d;
}

/* Another disk that gets the number of the one that was bound is not it. */
static void next_disk(int unused)
{
	struct disk gone = { .name = "gone", .how = "" };
	dev_t first, bound;
	int fd, ret;

	if (null_add(&gone))
		die("a disk to be removed");
	first = rdev_of(gone.path);
	ret = raw_bind(200, first);
	must("bind", !ret, "%s", result(ret));
	fd = open("/dev/raw/raw200", O_RDWR);
	must("first", fd >= 0, "open %s", result(fd < 0 ? -errno : 0));
	close(fd);
	null_del(&gone);
	fd = open("/dev/raw/raw200", O_RDWR);
	must("none", fd < 0, "open %s", result(fd < 0 ? -errno : 0));
	if (null_add(&gone))
		die("another disk");
	must("number", rdev_of(gone.path) == first, "%s",
	     rdev_of(gone.path) == first ? "the same" : "another");
	fd = open("/dev/raw/raw200", O_RDWR);
	must("second", fd < 0, "open %s", fd < 0 ? result(-errno) : "ok");
	if (fd >= 0)
		close(fd);
	ret = raw_bind(200, first);
	must("bind again", !ret, "%s", result(ret));
	fd = open("/dev/raw/raw200", O_RDWR);
	must("then", fd >= 0, "open %s", result(fd < 0 ? -errno : 0));
	close(fd);
	raw_bind(200, 0);
	ret = raw_bound(200, &bound);
	must("unbound", !ret && !bound, "%s", result(ret));
	null_del(&gone);
}

/* What cannot be bound leaves what was bound before. */
static void rebind(int unused)
{
	dev_t dev = rdev_of(disk->path), bound;
	char nth[16];
	int fd = -1, ret, i, failed = 0;

	ret = raw_bind(200, dev);
	must("bind", !ret, "%s", result(ret));
	ret = raw_bind(200, makedev(0, 5));
	must("no major", ret < 0, "%s", result(ret));
	raw_bound(200, &bound);
	must("still bound", bound == dev, "%u:%u", major(bound), minor(bound));
	ret = raw_bind(200, makedev(250, 99999));
	raw_bound(200, &bound);
	must("no such disk", !ret ? bound == makedev(250, 99999) : bound == dev,
	     "%s", result(ret));
	raw_bind(200, dev);
	raw_bound(200, &bound);
	/* Each allocation fails once, on kernels that can do that. */
	write_file("N", "/sys/kernel/debug/failslab/ignore-gfp-wait");
	for (i = 1; i < 200; i++) {
		fd = open("/proc/self/fail-nth", O_RDWR);
		if (fd < 0)
			break;
		snprintf(nth, sizeof(nth), "%d", i);
		if (write(fd, nth, strlen(nth)) < 0)
			break;
		ret = raw_bind(200, dev);
		nth[0] = 0;
		if (pread(fd, nth, sizeof(nth) - 1, 0) < 0)
			break;
		if (write(fd, "0", 1) < 0)
			break;
		close(fd);
		raw_bound(200, &bound);
		if (ret < 0) {
			failed++;
			if (bound != dev || access("/dev/raw/raw200", F_OK))
				break;
		} else if (atoi(nth)) {
			break;
		}
	}
	must("failed rebind", bound == dev && !access("/dev/raw/raw200", F_OK),
	     "%d failed, then %u:%u", failed, major(bound), minor(bound));
	raw_bind(200, 0);
}

#define SOME	"plain,null-4k,brd,dm,nvme,pmem"

const struct test tests[] = {
	{ "ops-sync", ops, "plain,null-4k,null-virt,null-small,null-poll,brd,"
			   "loop,dm,nvme,nbd,scsi,scsi-dif,pmem", SYNC, 120 },
	{ "ops-vector", ops, "plain", VECTOR, 120 },
	{ "ops-aio", ops, SOME ",nbd,scsi", AIO, 120 },
	{ "ops-uring", ops, SOME ",loop,scsi-dif", URING, 120 },
	{ "ops-fixed", ops, SOME ",scsi", FIXED, 120 },
	{ "ops-async", ops, "plain", ASYNC, 120 },
	{ "ops-iopoll", ops, "plain,null-poll,dm,nvme", IOPOLL, 120 },
	{ "ops-sqpoll", ops, "plain", SQPOLL, 120 },
	{ "poll-few", poll_few, "null-poll4,nvme,dm", 0, 20 },
	{ "poll-few-fixed", poll_few, "null-poll4,nvme,dm", 1, 20 },
	{ "nowait-aio", nowait_aio, "null-depth1", 0, .timed = true },
	{ "nowait-aio-nonblock", nowait_aio, "null-depth1", O_NONBLOCK,
	  .timed = true },
	{ "nowait-sync", nowait_sync, "null-depth1", 0, .timed = true },
	{ "nowait-sync-nonblock", nowait_sync, "null-depth1", O_NONBLOCK,
	  .timed = true },
	{ "uring-waits", nowait_uring, "null-depth1", 0, .timed = true },
	{ "uring-waits-write", nowait_uring, "null-depth1", FLAG_WRITE,
	  .timed = true },
	{ "uring-waits-fixed", nowait_uring, "null-depth1", FLAG_FIXED,
	  .timed = true },
	{ "uring-nowait", nowait_uring, "null-depth1", FLAG_NOWAIT,
	  .timed = true },
	{ "uring-nonblock", nowait_uring, "null-depth1", FLAG_NONBLOCK,
	  .timed = true },
	{ "hung-task", hung_task, "null-slow", 0, 30 },
	{ "hung-task-write", hung_task, "null-slow", 1, 30, .lasting = true },
	{ "throttle", throttle, "plain", 0, 60, .timed = true },
	{ "throttle-write", throttle, "plain", 1, 60, .lasting = true },
	{ "stale-cache", stale_cache, "nbd", 0, 90 },
	{ "mmap-writers", mmap_writers, "plain,pmem", SYNC, 60, .noisy = true },
	{ "mmap-writers-aio", mmap_writers, "plain", AIO, 60, .noisy = true },
	{ "mmap-writers-fixed", mmap_writers, "plain", FIXED, 60,
	  .noisy = true },
	{ "own-pages", own_pages, "plain,nbd,brd", SYNC, 90 },
	{ "own-pages-aio", own_pages, "plain,nbd,brd", AIO, 90 },
	{ "own-pages-uring", own_pages, "plain", URING },
	{ "own-pages-fixed", own_pages, "plain", FIXED },
	{ "flushes", flushes, "null-cache,null-nofua,nvme", SYNC },
	{ "flushes-aio", flushes, "null-cache,null-nofua", AIO },
	{ "flushes-uring", flushes, "null-cache,null-nofua", URING },
	{ "flushes-fixed", flushes, "null-cache,null-nofua", FIXED },
	{ "errors", errors, "null-bad", SYNC },
	{ "errors-aio", errors, "null-bad", AIO },
	{ "errors-uring", errors, "null-bad", URING },
	{ "errors-fixed", errors, "null-bad", FIXED },
	{ "zones", zones, "null-zoned", SYNC },
	{ "zones-aio", zones, "null-zoned", AIO },
	{ "zones-fixed", zones, "null-zoned", FIXED },
	{ "read-only", read_only, "plain,brd" },
	{ "fcntl", fcntls, "plain" },
	{ "open", opens, "plain,scsi" },
	{ "seek", seeks, "plain,null-4k" },
	{ "calls", calls, "plain,scsi,loop" },
	{ "ioctl", ioctls, "plain,scsi,nvme,null-zoned", O_RDWR },
	{ "ioctl-read-only", ioctls, "plain", O_RDONLY },
	{ "in-flight", in_flight, "null-second", .timed = true },
	{ "ioprio", ioprio, "plain,scsi" },
	{ "times", times, "plain", SYNC },
	{ "times-aio", times, "plain", AIO },
	{ "times-fixed", times, "plain", FIXED },
	{ "accounting", accounting, "plain,null-small", SYNC },
	{ "accounting-aio", accounting, "plain,null-small", AIO },
	{ "accounting-fixed", accounting, "plain", FIXED },
	{ "cached", cached, "plain,pmem", SYNC },
	{ "cached-vector", cached, "plain", VECTOR },
	{ "cached-aio", cached, "plain,nvme", AIO },
	{ "cached-uring", cached, "plain", URING },
	{ "cached-fixed", cached, "plain", FIXED },
	{ "claimed", claimed, "plain" },
	{ "dax", dax, "plain,null-virt", SYNC },
	{ "dax-aio", dax, "plain", AIO },
	{ "metadata", metadata, "scsi-dif,plain", 0 },
	{ "metadata-write", metadata, "scsi-dif,plain", 1 },
	{ "removed", removed, "plain" },
	{ "next-disk", next_disk, "plain", .raw_only = true },
	{ "rebind", rebind, "plain", .raw_only = true },
	/* What these hang stays so. */
	{ "locked-work", locked_work, "null-second", 0, 30, .timed = true,
	  .lasting = true },
	{ "locked-work-aio", locked_work, "null-second", 1, 30, .timed = true },
	{ "locked-nbd", locked_nbd, "nbd", 0, 30 },
	{ "locked-nbd-aio", locked_nbd, "nbd", 1, 30 },
};
const size_t nr_tests = ARRAY_SIZE(tests);
