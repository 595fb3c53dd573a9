// SPDX-License-Identifier: GPL-2.0
/*
 * The ways to do one read or write.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <linux/io_uring.h>

#include "compare.h"

const char * const engine_name[NR_ENGINES] = {
	"sync", "vector", "aio", "uring", "fixed", "async", "iopoll", "sqpoll",
};

char *memory(size_t len, int c)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	madvise(p, len, MADV_NOHUGEPAGE);
	memset(p, c, len);
	return p;
}

static void *ring_map(int fd, size_t len, off_t what)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, what);

	if (p == MAP_FAILED)
		die("mmap of a ring");
	return p;
}

int ring_init(struct ring *r, unsigned int entries, unsigned int setup)
{
	struct io_uring_params p = { .flags = setup };
	char *sq, *cq;

	if (setup & IORING_SETUP_SQPOLL)
		p.sq_thread_idle = 100;
	r->setup = setup;
	r->fd = syscall(__NR_io_uring_setup, entries, &p);
	if (r->fd < 0)
		return -errno;
	sq = ring_map(r->fd, p.sq_off.array + p.sq_entries * sizeof(int),
		      IORING_OFF_SQ_RING);
	cq = ring_map(r->fd, p.cq_off.cqes +
		      p.cq_entries * sizeof(struct io_uring_cqe),
		      IORING_OFF_CQ_RING);
	r->sqes = ring_map(r->fd, p.sq_entries * sizeof(struct io_uring_sqe),
			   IORING_OFF_SQES);
	r->sq_head = (unsigned int *)(sq + p.sq_off.head);
	r->sq_tail = (unsigned int *)(sq + p.sq_off.tail);
	r->sq_flags = (unsigned int *)(sq + p.sq_off.flags);
	r->sq_array = (unsigned int *)(sq + p.sq_off.array);
	r->sq_mask = *(unsigned int *)(sq + p.sq_off.ring_mask);
	r->cq_head = (unsigned int *)(cq + p.cq_off.head);
	r->cq_tail = (unsigned int *)(cq + p.cq_off.tail);
	r->cq_mask = *(unsigned int *)(cq + p.cq_off.ring_mask);
	r->cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	return 0;
}

/* The mappings go with the process. */
void ring_exit(struct ring *r)
{
	close(r->fd);
}

struct io_uring_sqe *ring_sqe(struct ring *r)
{
	unsigned int tail = *r->sq_tail, i = tail & r->sq_mask;

	memset(&r->sqes[i], 0, sizeof(r->sqes[i]));
	r->sq_array[i] = i;
	return &r->sqes[i];
}

/* All that ring_sqe() gave since the last one have to be counted by @submit. */
int ring_enter(struct ring *r, unsigned int submit, unsigned int wait)
{
	unsigned int flags = wait ? IORING_ENTER_GETEVENTS : 0;

	if (r->setup & IORING_SETUP_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	if (r->setup & IORING_SETUP_IOPOLL)
		flags |= IORING_ENTER_GETEVENTS;
	return sysret(syscall(__NR_io_uring_enter, r->fd, submit, wait, flags,
			      NULL, 0));
}

int ring_reap(struct ring *r, uint64_t *user_data)
{
	unsigned int head = *r->cq_head;
	struct io_uring_cqe *cqe;
	int res;

	while (__atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE) == head) {
		res = ring_enter(r, 0, 1);
		if (res < 0 && res != -EINTR && res != -EAGAIN)
			return res;
	}
	cqe = &r->cqes[head & r->cq_mask];
	res = cqe->res;
	if (user_data)
		*user_data = cqe->user_data;
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	return res;
}

int ring_register(struct ring *r, const struct iovec *iov, unsigned int nr)
{
	return sysret(syscall(__NR_io_uring_register, r->fd,
			      IORING_REGISTER_BUFFERS, iov, nr));
}

/* The ring of an engine, kept for the next time, as making one is slow. */
static struct ring *kept_ring(enum engine e, unsigned int setup, long *ret)
{
	static struct ring rings[NR_ENGINES];
	struct ring *r = &rings[e];

	*ret = r->sqes ? 0 : ring_init(r, 4, setup);
	return r;
}

static int ring_register_one(struct ring *r, const struct req *rq)
{
	syscall(__NR_io_uring_register, r->fd, IORING_UNREGISTER_BUFFERS, NULL,
		0);
	return ring_register(r, rq->reg.iov_len ? &rq->reg : &rq->iov[0], 1);
}

static unsigned int opcode(const struct req *rq)
{
	if (rq->nr == 1 && rq->fixed)
		return rq->write ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED;
	if (rq->nr == 1)
		return rq->write ? IORING_OP_WRITE : IORING_OP_READ;
	if (rq->fixed)
		return rq->write ? IORING_OP_WRITEV_FIXED :
				   IORING_OP_READV_FIXED;
	return rq->write ? IORING_OP_WRITEV : IORING_OP_READV;
}

static long uring_io(enum engine e, int fd, const struct req *rq,
		     unsigned int setup, unsigned int flags)
{
	struct io_uring_sqe *sqe;
	struct ring *r;
	long ret;

	r = kept_ring(e, setup, &ret);
	if (!ret && rq->fixed)
		ret = ring_register_one(r, rq);
	if (ret)
		return ret;
	sqe = ring_sqe(r);
	sqe->opcode = opcode(rq);
	sqe->addr = (uintptr_t)(rq->nr == 1 ? rq->iov[0].iov_base : rq->iov);
	sqe->len = rq->nr == 1 ? rq->iov[0].iov_len : (size_t)rq->nr;
	sqe->fd = fd;
	sqe->flags = flags;
	sqe->off = rq->pos;
	sqe->rw_flags = rq->flags;
	__atomic_store_n(r->sq_tail, *r->sq_tail + 1, __ATOMIC_RELEASE);
	ret = ring_enter(r, 1, 1);
	return ret < 0 ? ret : ring_reap(r, NULL);
}

long aio_setup(void)
{
	aio_context_t ctx = 0;

	if (syscall(__NR_io_setup, 64, &ctx))
		die("io_setup");
	return ctx;
}

int aio_submit(long ctx, int n, void *iocbs)
{
	return sysret(syscall(__NR_io_submit, ctx, n, iocbs));
}

int aio_wait(long ctx, int n, long *res, double seconds)
{
	struct timespec ts = {
		.tv_sec = seconds,
		.tv_nsec = (seconds - (long)seconds) * 1e9,
	};
	struct io_event ev[64];
	int i, got;

	got = sysret(syscall(__NR_io_getevents, ctx, n, n, ev, &ts));
	for (i = 0; i < got; i++)
		res[ev[i].data] = ev[i].res;
	return got;
}

static long aio_io(int fd, const struct req *rq)
{
	struct iocb iocb = {
		.aio_fildes = fd,
		.aio_offset = rq->pos,
		.aio_rw_flags = rq->flags,
	}, *p = &iocb;
	long ret, res[1] = { 0 };
	static long ctx;

	/* Kept for the next time: it takes long to be destroyed. */
	if (!ctx)
		ctx = aio_setup();
	if (rq->nr == 1) {
		iocb.aio_lio_opcode = rq->write ? IOCB_CMD_PWRITE :
						  IOCB_CMD_PREAD;
		iocb.aio_buf = (uintptr_t)rq->iov[0].iov_base;
		iocb.aio_nbytes = rq->iov[0].iov_len;
	} else {
		iocb.aio_lio_opcode = rq->write ? IOCB_CMD_PWRITEV :
						  IOCB_CMD_PREADV;
		iocb.aio_buf = (uintptr_t)rq->iov;
		iocb.aio_nbytes = rq->nr;
	}
	ret = aio_submit(ctx, 1, &p);
	if (ret == 1) {
		aio_wait(ctx, 1, res, 1000);
		ret = res[0];
	}
	return ret;
}

static long sync_io(int fd, const struct req *rq)
{
	const struct iovec *iov = rq->iov;

	if (!rq->flags && rq->nr == 1)
		return sysret(rq->write ?
			      pwrite(fd, iov->iov_base, iov->iov_len, rq->pos) :
			      pread(fd, iov->iov_base, iov->iov_len, rq->pos));
	return sysret(rq->write ?
		      pwritev2(fd, rq->iov, rq->nr, rq->pos, rq->flags) :
		      preadv2(fd, rq->iov, rq->nr, rq->pos, rq->flags));
}

static long engine_io(enum engine e, int fd, const struct req *rq)
{
	struct req fixed;

	switch (e) {
	case SYNC:
		return sync_io(fd, rq);
	case VECTOR:
		return sysret(rq->write ?
			pwritev2(fd, rq->iov, rq->nr, rq->pos, rq->flags) :
			preadv2(fd, rq->iov, rq->nr, rq->pos, rq->flags));
	case AIO:
		return aio_io(fd, rq);
	case URING:
		return uring_io(e, fd, rq, 0, 0);
	case ASYNC:
		return uring_io(e, fd, rq, 0, IOSQE_ASYNC);
	case FIXED:
		fixed = *rq;
		fixed.fixed = true;
		return uring_io(e, fd, &fixed, 0, 0);
	case IOPOLL:
		return uring_io(e, fd, rq, IORING_SETUP_IOPOLL, 0);
	case SQPOLL:
		return uring_io(e, fd, rq, IORING_SETUP_SQPOLL, 0);
	default:
		abort();
	}
}

/* Make the raw side differ, once. */
static long planted(const struct req *rq, long ret)
{
	switch (plant) {
	case PLANT_DATA:
		if (ret <= 0 || rq->write)
			return ret;
		++*(char *)rq->iov[0].iov_base;
		break;
	case PLANT_RESULT:
		if (ret < 1024)
			return ret;
		ret -= 512;
		break;
	case PLANT_TIME:
		sleep(6);
		break;
	case PLANT_LOG:
		write_file("<3>planted\n", "/dev/kmsg");
		break;
	case PLANT_HANG:
		for (;;)
			pause();
	case PLANT_NONE:
		break;
	}
	plant = PLANT_NONE;
	return ret;
}

long do_io(enum engine e, int fd, const struct req *rq)
{
	long ret = engine_io(e, fd, rq);

	return on_raw ? planted(rq, ret) : ret;
}
