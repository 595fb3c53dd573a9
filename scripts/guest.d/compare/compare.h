/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compare: what a program sees on a raw device and on its disk with O_DIRECT.
 */
#ifndef COMPARE_H
#define COMPARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE		4096UL
#define MIB		(1UL << 20)
#define DISK_MIB	24

/* compare.c */

/*
 * What a case sees, on the side that it runs on: a key and a value.  The values
 * of both sides are compared key by key.
 */
__attribute__((format(printf, 2, 3)))
void see(const char *key, const char *fmt, ...);
/* For what has to be so on either side, or nothing has been compared. */
__attribute__((format(printf, 3, 4)))
void must(const char *key, bool ok, const char *fmt, ...);
/* The name of an error, or the number that was returned. */
const char *result(long ret);
long sysret(long ret);		/* -errno if @ret is -1 */
double now(void);
void sleep_until(double when);
void die(const char *what) __attribute__((noreturn));
void let_go_of_output(void);
int write_file(const char *value, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

enum plant { PLANT_NONE, PLANT_DATA, PLANT_RESULT, PLANT_TIME, PLANT_LOG,
	     PLANT_HANG };
extern enum plant plant;
extern bool on_raw;		/* which side this is */
extern struct disk *disk;	/* and which disk */
const char *node(void);		/* the file to do I/O on */
int open_node(int flags);	/* with O_DIRECT */

/* disks.c */

struct disk {
	const char *name;
	int (*add)(struct disk *d);
	void (*del)(struct disk *d);
	const char *how;	/* for add() */
	bool slow;		/* or zoned: not all of it is written first */
	char path[64];		/* of the block device */
	unsigned int minor;	/* of the raw device */
	bool added, hung;
	const char *why;	/* it could not be added */
	int pid[2];
};

extern struct disk disks[];
extern const size_t nr_disks;

/* How the NBD server answers. */
struct nbd_control {
	_Atomic int hold_reads;
	_Atomic int hold_writes;
	_Atomic int held_reads;	/* requests that wait */
	_Atomic int held_writes;
};
extern struct nbd_control *nbd_control;

struct disk *find_disk(const char *name);
bool add_disk(struct disk *d);
void del_disk(struct disk *d);
int raw_bind(unsigned int minor, dev_t dev);
int raw_bound(unsigned int minor, dev_t *dev);
dev_t rdev_of(const char *path);
int null_add(struct disk *d);
void null_del(struct disk *d);
int partition_add(int nr, uint64_t start, uint64_t len);
int partition_del(int nr);
void prepare(void);		/* the same bytes on all of the disk */
void prepare_range(uint64_t from, uint64_t to);
void fsync_disk(void);	/* and forget its errors */
unsigned long disk_inflight(const char *path);
uint64_t hash(const void *p, size_t len);
uint64_t hash_of_disk(off_t pos, size_t len);
uint64_t size_of_disk(void);
unsigned int block_of_disk(void);
/* A counter of /sys/block/NAME/stat: the n-th, from 0. */
unsigned long disk_stat(int n);

/* engine.c */

enum engine { SYNC, VECTOR, AIO, URING, FIXED, ASYNC, IOPOLL, SQPOLL,
	      NR_ENGINES };
extern const char * const engine_name[NR_ENGINES];

struct req {
	bool write;
	const struct iovec *iov;
	int nr;
	off_t pos;
	int flags;		/* RWF_ */
	bool fixed;
	/* What is registered if fixed; the first iov if not given. */
	struct iovec reg;
};

long do_io(enum engine e, int fd, const struct req *rq);

struct ring {
	int fd;
	unsigned int setup;
	unsigned int *sq_head, *sq_tail, *sq_flags, *sq_array, sq_mask;
	unsigned int *cq_head, *cq_tail, cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};
int ring_init(struct ring *r, unsigned int entries, unsigned int setup);
void ring_exit(struct ring *r);
struct io_uring_sqe *ring_sqe(struct ring *r);
int ring_enter(struct ring *r, unsigned int submit, unsigned int wait);
/* The result of the next one; waits for it. */
int ring_reap(struct ring *r, uint64_t *user_data);
int ring_register(struct ring *r, const struct iovec *iov, unsigned int nr);
long aio_setup(void);
int aio_submit(long ctx, int n, void *iocbs);
int aio_wait(long ctx, int n, long *res, double seconds);
/* Memory of our own, filled with @c. */
char *memory(size_t len, int c);

/* cases.c, ops.c */

struct test {
	const char *name;
	void (*fn)(int arg);
	const char *disks;
	int arg;
	int timeout;		/* seconds; 40 if not given */
	bool raw_only;		/* its must()s are all there is to it */
	bool timed;		/* a machine with more to do may be too late */
	bool noisy;		/* the log depends on who comes first */
	bool lasting;		/* only with --all */
};
extern const struct test tests[];
extern const size_t nr_tests;
void ops(int engine);

#endif
