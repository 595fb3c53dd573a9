// SPDX-License-Identifier: GPL-2.0
/*
 * USERPTR buffers of videobuf2: the virtual video device captures to, and
 * puts out from, memory of the program.
 */
#include "drivers.h"

#include <linux/videodev2.h>
#include <poll.h>

#define WIDTH		320
#define HEIGHT		180
#define NR_BUFS		4
#define GUARD		0x5a

/* One side of the device: a queue of type TYPE, its frames SIZE bytes long. */
struct side {
	enum v4l2_buf_type type;
	unsigned long size;
	int fd;
};

static void open_side(struct side *s, enum v4l2_buf_type type, __u32 cap)
{
	struct v4l2_format f = { .type = type };
	struct v4l2_capability c;
	char name[32];
	int i;

	if (access("/sys/module/vivid", F_OK))
		need_module("vivid", "");
	close(open_soon("/dev/video0", O_RDWR));
	s->type = type;
	for (i = 0; ; i++) {
		snprintf(name, sizeof(name), "/dev/video%d", i);
		s->fd = open(name, O_RDWR);
		if (s->fd < 0)
			die("%s: %m", name);
		CHECK(RC(ioctl(s->fd, VIDIOC_QUERYCAP, &c)), 0);
		if (c.device_caps & cap)
			break;
		close(s->fd);
	}
	CHECK(RC(ioctl(s->fd, VIDIOC_G_FMT, &f)), 0);
	f.fmt.pix.width = WIDTH;
	f.fmt.pix.height = HEIGHT;
	f.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	CHECK(RC(ioctl(s->fd, VIDIOC_S_FMT, &f)), 0);
	s->size = f.fmt.pix.sizeimage;
}

static void open_capture(struct side *s)
{
	open_side(s, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE);
}

static void open_output(struct side *s)
{
	open_side(s, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_CAP_VIDEO_OUTPUT);
}

static long request(const struct side *s, unsigned int nr)
{
	struct v4l2_requestbuffers rb = {
		.count = nr, .type = s->type, .memory = V4L2_MEMORY_USERPTR,
	};

	return RC(ioctl(s->fd, VIDIOC_REQBUFS, &rb));
}

static long queue(const struct side *s, unsigned int index, void *p)
{
	struct v4l2_buffer b = {
		.index = index, .type = s->type, .field = V4L2_FIELD_NONE,
		.memory = V4L2_MEMORY_USERPTR, .m.userptr = (unsigned long)p,
		.length = s->size, .bytesused = s->size,
	};

	return RC(ioctl(s->fd, VIDIOC_QBUF, &b));
}

/* The index of a buffer that the device is done with. */
static unsigned int dequeue(const struct side *s)
{
	struct v4l2_buffer b = {
		.type = s->type, .memory = V4L2_MEMORY_USERPTR,
	};
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN | POLLOUT };

	CHECK(poll(&pfd, 1, 60000), 1);
	CHECK(RC(ioctl(s->fd, VIDIOC_DQBUF, &b)), 0);
	CHECK(b.flags & V4L2_BUF_FLAG_ERROR, 0);
	return b.index;
}

static void stream(const struct side *s, bool on)
{
	int type = s->type;

	CHECK(RC(ioctl(s->fd, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type)),
	      0);
}

static unsigned long pages_of(const struct side *s)
{
	return s->size / PAGE + 2;
}

/* Nothing outside of the frame has been touched, and all parts of it have. */
static void check_frame(const char *p, unsigned long pages, unsigned long skip,
			unsigned long size)
{
	unsigned long i, bad = 0, filled, n;

	for (i = 0; i < pages * PAGE; i++)
		if (i < skip || i >= skip + size)
			bad += p[i] != GUARD;
	CHECK(bad, 0);
	for (i = skip; i + 512 <= skip + size; i += 512) {
		for (filled = 0, n = 0; n < 512; n++)
			filled += p[i + n] != GUARD;
		CHECK(filled > 256, true);
	}
}

/* Frames to memory that begins SKIP bytes into a page. */
static void capture_at(unsigned long skip)
{
	char *bufs[NR_BUFS];
	unsigned int i, n;
	struct side s;

	open_capture(&s);
	CHECK(request(&s, NR_BUFS), 0);
	for (i = 0; i < NR_BUFS; i++) {
		bufs[i] = map_pages(pages_of(&s));
		CHECK(queue(&s, i, bufs[i] + skip), 0);
	}
	stream(&s, true);
	for (n = 0; n < 2 * NR_BUFS; n++) {
		i = dequeue(&s);
		check_frame(bufs[i], pages_of(&s), skip, s.size);
		memset(bufs[i], GUARD, pages_of(&s) * PAGE);
		CHECK(queue(&s, i, bufs[i] + skip), 0);
	}
	stream(&s, false);
	CHECK(request(&s, 0), 0);
}

static void page_aligned(void)
{
	capture_at(0);
}

static void any_alignment(void)
{
	capture_at(1);
	capture_at(100);
	capture_at(PAGE - 4);
}

static void pinned_while_it_is_known(void)
{
	unsigned long nr;
	struct side s;
	char *p, *q;

	open_capture(&s);
	nr = (s.size + PAGE - 1) / PAGE;
	p = map_scattered(nr);
	q = map_scattered(nr);
	CHECK(request(&s, 2), 0);
	CHECK(queue(&s, 0, p), 0);
	CHECK(pinned_pages(p, nr), nr);
	stream(&s, true);
	CHECK(dequeue(&s), 0);
	CHECK(pinned_pages(p, nr), nr);
	/* Other memory for the same buffer. */
	CHECK(queue(&s, 0, q), 0);
	CHECK(pinned_pages(p, nr), 0);
	CHECK(pinned_pages(q, nr), nr);
	stream(&s, false);
	CHECK(request(&s, 0), 0);
	CHECK(pinned_pages(q, nr), 0);
	/* The end of the file does the same. */
	CHECK(request(&s, 1), 0);
	CHECK(queue(&s, 0, p), 0);
	close(s.fd);
	CHECK(pinned_pages(p, nr), 0);
}

static void hole(void)
{
	unsigned long nr, i;
	struct side s;
	char *p;

	open_capture(&s);
	nr = (s.size + PAGE - 1) / PAGE;
	p = map_pages(nr);
	CHECK(request(&s, 1), 0);
	for (i = 0; i < nr; i += nr - 1) {
		munmap(p + i * PAGE, PAGE);
		CHECK(queue(&s, 0, p), -EFAULT);
		mmap(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		p[i * PAGE] = 1;
	}
	CHECK(pinned_pages(p, nr), 0);
	CHECK(queue(&s, 0, p), 0);
}

static void read_only_memory(void)
{
	unsigned long nr;
	struct side s;
	char *p;

	open_capture(&s);
	nr = (s.size + PAGE - 1) / PAGE;
	p = map_pages(nr);
	mprotect(p, nr * PAGE, PROT_READ);
	CHECK(request(&s, 1), 0);
	CHECK(queue(&s, 0, p), -EFAULT);
	close(s.fd);

	open_output(&s);
	nr = (s.size + PAGE - 1) / PAGE;
	p = map_pages(nr);
	mprotect(p, nr * PAGE, PROT_READ);
	/* The device puts a buffer out when the next one is there. */
	CHECK(request(&s, 2), 0);
	CHECK(queue(&s, 0, p), 0);
	CHECK(queue(&s, 1, p), 0);
	stream(&s, true);
	CHECK(dequeue(&s), 0);
}

static void unmapped_while_streaming(void)
{
	char *bufs[NR_BUFS];
	unsigned int i;
	struct side s;

	open_capture(&s);
	CHECK(request(&s, NR_BUFS), 0);
	for (i = 0; i < NR_BUFS; i++) {
		bufs[i] = map_pages(pages_of(&s));
		CHECK(queue(&s, i, bufs[i]), 0);
	}
	for (i = 0; i < NR_BUFS; i++)
		munmap(bufs[i], pages_of(&s) * PAGE);
	stream(&s, true);
	for (i = 0; i < NR_BUFS; i++)
		dequeue(&s);
	stream(&s, false);
}

static void shared_memory(void)
{
	unsigned long len;
	char *p, *other;
	struct side s;
	int fd;

	open_capture(&s);
	len = pages_of(&s) * PAGE;
	fd = open("/tmp/frame", O_RDWR | O_CREAT | O_EXCL, 0600);
	unlink("/tmp/frame");
	CHECK(RC(ftruncate(fd, len)), 0);
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(p, GUARD, len);
	CHECK(request(&s, 1), 0);
	CHECK(queue(&s, 0, p), 0);
	stream(&s, true);
	CHECK(dequeue(&s), 0);
	close(s.fd);
	munmap(p, len);
	other = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	check_frame(other, len / PAGE, 0, s.size);
}

static struct side failing_side;
static char *failing;

static long queue_failing(void)
{
	long rc;

	rc = queue(&failing_side, 0, failing);
	if (!rc) {
		stream(&failing_side, true);
		stream(&failing_side, false);
	}
	return rc;
}

static void no_memory(void)
{
	struct side *s = &failing_side;
	unsigned long nr;
	int errors = 0;

	open_capture(s);
	nr = (s->size + PAGE - 1) / PAGE;
	failing = map_scattered(nr);
	CHECK(request(s, 1), 0);
	if (fail_each(queue_failing, &errors) > 0 && !errors)
		die("no allocation failed");
	CHECK(request(s, 0), 0);
	CHECK(pinned_pages(failing, nr), 0);
}

int main(void)
{
	static const struct test tests[] = {
		{ "frames arrive in memory of the program", page_aligned },
		{ "at any address", any_alignment },
		{ "memory is pinned while the device knows it",
		  pinned_while_it_is_known },
		{ "a hole is refused and leaves no pin", hole },
		{ "read-only memory is for output only", read_only_memory },
		{ "the program may unmap what it has queued",
		  unmapped_while_streaming },
		{ "frames arrive in shared memory", shared_memory },
		{ "no allocation that fails leaves a pin", no_memory },
	};

	return run_tests(tests, ARRAY_SIZE(tests));
}
