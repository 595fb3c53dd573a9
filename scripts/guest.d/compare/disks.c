// SPDX-License-Identifier: GPL-2.0
/*
 * The disks to compare on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <endian.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/blkpg.h>
#include <linux/dm-ioctl.h>
#include <linux/nbd.h>
#include <linux/raw.h>

#include "compare.h"

#define NULLB	"/sys/kernel/config/nullb/"

/* How raw(8) and rawbind do it. */
static int raw_ctl(unsigned long cmd, struct raw_config_request *rq)
{
	int fd = open("/dev/raw/rawctl", O_RDWR), ret;

	if (fd < 0)
		return -errno;
	ret = sysret(ioctl(fd, cmd, rq));
	close(fd);
	return ret;
}

int raw_bind(unsigned int minor, dev_t dev)
{
	struct raw_config_request rq = {
		.raw_minor = minor,
		.block_major = major(dev),
		.block_minor = minor(dev),
	};

	return raw_ctl(RAW_SETBIND, &rq);
}

int raw_bound(unsigned int minor, dev_t *dev)
{
	struct raw_config_request rq = { .raw_minor = minor };
	int ret = raw_ctl(RAW_GETBIND, &rq);

	*dev = makedev(rq.block_major, rq.block_minor);
	return ret;
}

dev_t rdev_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_rdev;
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15ULL;
	return x ^ x >> 29;
}

uint64_t hash(const void *p, size_t len)
{
	uint64_t h = len, word = 0;

	for (; len >= 8; len -= 8, p += 8)
		h = mix(h ^ *(const uint64_t *)p);
	memcpy(&word, p, len);
	return mix(h ^ word);
}

static int open_disk(int flags)
{
	int fd = open(disk->path, flags);

	if (fd < 0)
		die(disk->path);
	return fd;
}

uint64_t size_of_disk(void)
{
	int fd = open_disk(O_RDONLY);
	uint64_t size = 0;

	ioctl(fd, BLKGETSIZE64, &size);
	close(fd);
	return size;
}

unsigned int block_of_disk(void)
{
	int fd = open_disk(O_RDONLY), size = 0;

	ioctl(fd, BLKSSZGET, &size);
	close(fd);
	return size;
}

uint64_t hash_of_disk(off_t pos, size_t len)
{
	int fd = open_disk(O_RDONLY | O_DIRECT);
	char *p = memory(len, 0);
	ssize_t ret = pread(fd, p, len, pos);
	uint64_t h = ret == (ssize_t)len ? hash(p, len) : 0;

	munmap(p, len);
	close(fd);
	return h;
}

unsigned long disk_stat(int n)
{
	char path[128], text[512], *p = text;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/block/%s/stat", disk->path + 5);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die(path);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = 0;
	while (n--)
		strtoul(p, &p, 10);
	return strtoul(p, NULL, 10);
}

/* Requests, reads and writes, that the disk works on. */
unsigned long disk_inflight(const char *path)
{
	char name[128], text[64];
	unsigned long reads = 0, writes = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/sys/block/%s/inflight", path + 5);
	f = fopen(name, "r");
	if (!f)
		die(name);
	if (fgets(text, sizeof(text), f))
		sscanf(text, "%lu %lu", &reads, &writes);
	fclose(f);
	return reads + writes;
}

/* The same bytes at the same place each time; @pos and @len in whole pages. */
static void prepare_at(int fd, uint64_t *p, uint64_t pos, size_t len)
{
	size_t i;

	for (i = 0; i < len / 8; i++)
		p[i] = (pos + i * 8) * 0x9e3779b97f4a7c15ULL;
	if (pwrite(fd, p, len, pos) != (ssize_t)len)
		die("preparing the disk");
}

void prepare_range(uint64_t from, uint64_t to)
{
	size_t step = to - from < MIB ? to - from : MIB;
	uint64_t *p;
	int fd;

	if (from >= to)
		return;
	fd = open_disk(O_RDWR | O_DIRECT);
	p = (uint64_t *)memory(step, 0);
	for (; from < to; from += step)
		prepare_at(fd, p, from, to - from < step ? to - from : step);
	munmap(p, step);
	close(fd);
}

void prepare(void)
{
	int fd = open_disk(O_RDWR | O_DIRECT);

	prepare_range(0, size_of_disk());
	ioctl(fd, BLKFLSBUF, 0);
	close(fd);
}

void fsync_disk(void)
{
	int fd = open_disk(O_RDWR);

	fsync(fd);
	close(fd);
}

/* A disk of null_blk; @how has its attributes. */
int null_add(struct disk *d)
{
	char how[256], *p = how, *word, *value, size[8];

	if (mkdir(NULLB, 0755) && errno != EEXIST)
		return -errno;
	snprintf(how, sizeof(how), NULLB "%s", d->name);
	if (mkdir(how, 0755))
		return -errno;
	snprintf(size, sizeof(size), "%d", DISK_MIB);
	write_file(size, NULLB "%s/size", d->name);
	write_file("1", NULLB "%s/memory_backed", d->name);
	write_file("0", NULLB "%s/irqmode", d->name);
	snprintf(how, sizeof(how), "%s", d->how);
	while ((word = strsep(&p, " "))) {
		value = strchr(word, '=');
		if (!value)
			continue;
		*value++ = 0;
		if (write_file(value, NULLB "%s/%s", d->name, word)) {
			d->why = "null_blk does not take an attribute";
			return -EINVAL;
		}
	}
	snprintf(d->path, sizeof(d->path), "/dev/%s", d->name);
	return write_file("1", NULLB "%s/power", d->name);
}

void null_del(struct disk *d)
{
	char dir[128];

	snprintf(dir, sizeof(dir), NULLB "%s", d->name);
	rmdir(dir);
}

/* A disk that is there: @how is its path. */
static int there_add(struct disk *d)
{
	snprintf(d->path, sizeof(d->path), "%s", d->how);
	return access(d->path, F_OK) ? -errno : 0;
}

static void there_del(struct disk *d)
{
}

static int scsi_add(struct disk *d)
{
	char cmd[256];
	glob_t g;
	int i;

	if (system("lsmod | grep -q ^crc_t10dif || ! test -e "
		   "/lib/modules/crc-t10dif.ko || "
		   "insmod /lib/modules/crc-t10dif.ko"))
		return -EIO;
	snprintf(cmd, sizeof(cmd), "insmod /lib/modules/scsi_debug.ko "
		 "dev_size_mb=%d delay=0 %s", DISK_MIB, d->how);
	if (system(cmd))
		return -EIO;
	for (i = 0; i < 100; i++) {
		if (!glob("/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/"
			  "target*/*/block/*", 0, NULL, &g)) {
			snprintf(d->path, sizeof(d->path), "/dev/%s",
				 strrchr(g.gl_pathv[0], '/') + 1);
			if (!access(d->path, F_OK))
				return 0;
		}
		usleep(50000);
	}
	return -ENODEV;
}

static void scsi_del(struct disk *d)
{
	if (system("rmmod scsi_debug"))
		printf("rmmod scsi_debug failed\n");
}

static int loop_add(struct disk *d)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "truncate -s %dM /tmp/loop && "
		 "losetup %s /tmp/loop", DISK_MIB, d->how);
	if (system(cmd))
		return -EIO;
	return there_add(d);
}

static void loop_del(struct disk *d)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "losetup -d %s && rm /tmp/loop", d->how);
	if (system(cmd))
		printf("losetup -d failed\n");
}

struct dm_request {
	struct dm_ioctl head;
	struct dm_target_spec spec;
	char params[128];
};

static int dm_ioctl(unsigned long cmd, struct dm_request *rq)
{
	int fd = open("/dev/mapper/control", O_RDWR), ret;

	if (fd < 0)
		return -errno;
	rq->head.version[0] = DM_VERSION_MAJOR;
	rq->head.data_size = sizeof(*rq);
	rq->head.data_start = sizeof(rq->head);
	strcpy(rq->head.name, "compare");
	ret = sysret(ioctl(fd, cmd, rq));
	close(fd);
	return ret;
}

/* Linear, on the disk of null_blk that null_add() makes of @how. */
static int dm_add(struct disk *d)
{
	struct dm_request rq = { };
	struct disk below = { .name = "dm-below", .how = d->how };
	int ret;

	ret = null_add(&below);
	if (!ret)
		ret = dm_ioctl(DM_DEV_CREATE, &rq);
	if (ret)
		return ret;
	snprintf(d->path, sizeof(d->path), "/dev/dm-%u",
		 (unsigned int)minor(rq.head.dev));
	memset(&rq, 0, sizeof(rq));
	rq.head.target_count = 1;
	/* Not from the start, so that an offset that is lost shows. */
	rq.spec.length = (DISK_MIB - 1) * MIB / 512;
	strcpy(rq.spec.target_type, "linear");
	snprintf(rq.params, sizeof(rq.params), "%s 1024", below.path);
	ret = dm_ioctl(DM_TABLE_LOAD, &rq);
	if (ret)
		return ret;
	memset(&rq, 0, sizeof(rq));
	return dm_ioctl(DM_DEV_SUSPEND, &rq);
}

static void dm_del(struct disk *d)
{
	struct disk below = { .name = "dm-below" };
	struct dm_request rq = { };

	dm_ioctl(DM_DEV_REMOVE, &rq);
	null_del(&below);
}

/*
 * NBD, whose server we are: it holds back replies when it is told to. What a
 * disk with more than one connection receives, it completes in the work item
 * that has received it.
 */
#define NBD_CONNECTIONS	2
#define NBD_HELD	128

struct nbd_control *nbd_control;

struct held {
	struct nbd_request rq;
	bool write;
	int fd;
};

static bool full_io(int fd, void *p, size_t len, bool write_it)
{
	ssize_t n;

	while (len) {
		n = write_it ? write(fd, p, len) : read(fd, p, len);
		if (n <= 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

static void nbd_answer(int fd, struct nbd_request *rq, char *data)
{
	struct nbd_reply reply = { .magic = htobe32(NBD_REPLY_MAGIC) };

	memcpy(&reply.cookie, &rq->cookie, sizeof(reply.cookie));
	if (!full_io(fd, &reply, sizeof(reply), true))
		exit(0);
	if ((be32toh(rq->type) & 0xffff) == NBD_CMD_READ &&
	    !full_io(fd, data + be64toh(rq->from), be32toh(rq->len), true))
		exit(0);
}

/* Reads are answered before writes if both waited. */
static void nbd_release(struct held *held, int *nr, char *data)
{
	int pass, i, n = 0;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < *nr; i++) {
			struct held *h = &held[i];

			if (!h->rq.magic || h->write != pass ||
			    (pass ? nbd_control->hold_writes :
				    nbd_control->hold_reads))
				continue;
			nbd_answer(h->fd, &h->rq, data);
			h->rq.magic = 0;
			if (pass)
				nbd_control->held_writes--;
			else
				nbd_control->held_reads--;
		}
	}
	for (i = 0; i < *nr; i++)
		if (held[i].rq.magic)
			held[n++] = held[i];
	*nr = n;
}

/* Take a request and answer it, or keep it in @held. */
static void nbd_request(int fd, struct held *held, int *nr, char *data)
{
	struct nbd_request rq;
	int cmd;

	if (!full_io(fd, &rq, sizeof(rq), false))
		exit(0);
	cmd = be32toh(rq.type) & 0xffff;
	if (cmd == NBD_CMD_DISC)
		exit(0);
	if (cmd == NBD_CMD_WRITE &&
	    !full_io(fd, data + be64toh(rq.from), be32toh(rq.len), false))
		exit(0);
	if (!(cmd == NBD_CMD_READ && nbd_control->hold_reads) &&
	    !(cmd == NBD_CMD_WRITE && nbd_control->hold_writes)) {
		nbd_answer(fd, &rq, data);
		return;
	}
	if (*nr == NBD_HELD)
		exit(1);
	held[*nr].fd = fd;
	held[*nr].rq = rq;
	held[(*nr)++].write = cmd == NBD_CMD_WRITE;
	if (cmd == NBD_CMD_WRITE)
		nbd_control->held_writes++;
	else
		nbd_control->held_reads++;
}

static void nbd_serve(const int *fds)
{
	char *data = memory(DISK_MIB * MIB, 0);
	struct pollfd p[NBD_CONNECTIONS];
	static struct held held[NBD_HELD];
	int nr = 0, i;

	for (i = 0; i < NBD_CONNECTIONS; i++)
		p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	for (;;) {
		nbd_release(held, &nr, data);
		if (poll(p, NBD_CONNECTIONS, nr ? 5 : 50) <= 0)
			continue;
		for (i = 0; i < NBD_CONNECTIONS; i++)
			if (p[i].revents)
				nbd_request(fds[i], held, &nr, data);
	}
}

/* The server in a process of its own; our ends of its connections. */
static void nbd_start(struct disk *d, int *ours)
{
	int theirs[NBD_CONNECTIONS], fds[2], i;

	for (i = 0; i < NBD_CONNECTIONS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
			die("socketpair");
		ours[i] = fds[0];
		theirs[i] = fds[1];
	}
	d->pid[0] = fork();
	if (!d->pid[0]) {
		let_go_of_output();
		for (i = 0; i < NBD_CONNECTIONS; i++)
			close(ours[i]);
		nbd_serve(theirs);
	}
	for (i = 0; i < NBD_CONNECTIONS; i++)
		close(theirs[i]);
}

static int nbd_connect(struct disk *d, const int *socks)
{
	int fd = open(d->path, O_RDWR), i;

	if (fd < 0 || ioctl(fd, NBD_SET_BLKSIZE, 512UL) ||
	    ioctl(fd, NBD_SET_SIZE, DISK_MIB * MIB) ||
	    ioctl(fd, NBD_SET_FLAGS, NBD_FLAG_HAS_FLAGS |
		  NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA |
		  NBD_FLAG_CAN_MULTI_CONN))
		return -errno;
	for (i = 0; i < NBD_CONNECTIONS; i++)
		if (ioctl(fd, NBD_SET_SOCK, socks[i]))
			return -errno;
	d->pid[1] = fork();
	if (!d->pid[1]) {
		let_go_of_output();
		ioctl(fd, NBD_DO_IT);
		ioctl(fd, NBD_CLEAR_SOCK);
		exit(0);
	}
	for (i = 0; i < NBD_CONNECTIONS; i++)
		close(socks[i]);
	close(fd);
	return 0;
}

static int nbd_add(struct disk *d)
{
	int socks[NBD_CONNECTIONS], i, ret;

	if (!nbd_control)
		nbd_control = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(nbd_control, 0, sizeof(*nbd_control));
	ret = there_add(d);
	if (ret)
		return ret;
	nbd_start(d, socks);
	ret = nbd_connect(d, socks);
	if (ret)
		return ret;
	for (i = 0; i < 100; i++) {
		disk = d;
		if (size_of_disk() == DISK_MIB * MIB && hash_of_disk(0, 4096))
			return 0;
		usleep(50000);
	}
	return -ETIMEDOUT;
}

static void nbd_del(struct disk *d)
{
	int fd = open(d->path, O_RDWR);

	ioctl(fd, NBD_DISCONNECT);
	close(fd);
	usleep(200000);
	kill(d->pid[0], SIGKILL);
	kill(d->pid[1], SIGKILL);
	waitpid(d->pid[0], NULL, 0);
	waitpid(d->pid[1], NULL, 0);
}

static int partition(int op, struct blkpg_partition *part)
{
	struct blkpg_ioctl_arg arg = {
		.op = op, .datalen = sizeof(*part), .data = part,
	};
	int fd = open_disk(O_RDWR), ret;

	ret = sysret(ioctl(fd, BLKPG, &arg));
	close(fd);
	return ret;
}

/* A part of the disk that is a disk of its own, with its own page cache. */
int partition_add(int nr, uint64_t start, uint64_t len)
{
	struct blkpg_partition part = {
		.pno = nr, .start = start, .length = len,
	};

	return partition(BLKPG_ADD_PARTITION, &part);
}

int partition_del(int nr)
{
	struct blkpg_partition part = { .pno = nr };

	return partition(BLKPG_DEL_PARTITION, &part);
}

#define NULL_BLK(n, ...) { .name = n, .add = null_add, .del = null_del, \
			   .how = __VA_ARGS__ }
struct disk disks[] = {
	NULL_BLK("plain", ""),
	NULL_BLK("null-4k", "blocksize=4096"),
	NULL_BLK("null-virt", "virt_boundary=1"),
	NULL_BLK("null-small", "max_sectors=64"),
	NULL_BLK("null-cache", "cache_size=8 fua=1"),
	NULL_BLK("null-nofua", "cache_size=8 fua=0"),
	NULL_BLK("null-bad", ""),
	NULL_BLK("null-zoned", "zoned=1 zone_size=4 zone_nr_conv=1",
		 .slow = true),
	NULL_BLK("null-poll", "poll_queues=1 irqmode=2"),
	NULL_BLK("null-poll4", "poll_queues=1 hw_queue_depth=4 irqmode=2"),
	NULL_BLK("null-second", "completion_nsec=1000000000 irqmode=2 "
		 "hw_queue_depth=64", .slow = true),
	NULL_BLK("null-depth1", "completion_nsec=1000000000 irqmode=2 "
		 "hw_queue_depth=1 no_sched=1", .slow = true),
	NULL_BLK("null-slow", "completion_nsec=5000000000 irqmode=2 "
		 "hw_queue_depth=64", .slow = true),
	{ "brd", there_add, there_del, "/dev/ram0" },
	{ "loop", loop_add, loop_del, "/dev/loop7" },
	{ "dm", dm_add, dm_del, "poll_queues=1 irqmode=2" },
	{ "nvme", there_add, there_del, "/dev/nvme0n1" },
	{ "nbd", nbd_add, nbd_del, "/dev/nbd0" },
	{ "scsi", scsi_add, scsi_del, "atomic_wr=1 physblk_exp=3" },
	{ "scsi-dif", scsi_add, scsi_del, "dif=1 dix=1" },
	{ "pmem", there_add, there_del, "/dev/pmem0" },
};
const size_t nr_disks = ARRAY_SIZE(disks);

struct disk *find_disk(const char *name)
{
	size_t i;

	for (i = 0; i < nr_disks; i++)
		if (!strcmp(disks[i].name, name))
			return &disks[i];
	return NULL;
}

bool add_disk(struct disk *d)
{
	int ret;

	d->minor = d - disks + 1;
	ret = d->add(d);
	if (!ret)
		ret = raw_bind(d->minor, rdev_of(d->path));
	errno = -ret;
	d->added = !ret;
	return d->added;
}

void del_disk(struct disk *d)
{
	raw_bind(d->minor, 0);
	d->del(d);
	d->added = false;
}
