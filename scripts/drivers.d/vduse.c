// SPDX-License-Identifier: GPL-2.0
/*
 * A vDPA device in user space brings its own memory for the bounce buffer:
 * what is pinned and charged, and a virtio disk's reads and writes through it.
 * A thread is the device.
 */
#include "drivers.h"

#include <linux/genetlink.h>
#include <linux/vdpa.h>
#include <linux/vduse.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define DISK_SIZE	(1UL << 20)
#define BOUNCE_SIZE	(1UL << 20)
#define BOUNCE_PAGES	(BOUNCE_SIZE / PAGE)
#define QUEUE		64

static char name[32];
static int control, dev, kick = -1, stop;
static char *disk;
static char *volatile umem;
static pthread_t thread;

/* Send one attribute list to a generic netlink family: 0 or -errno. */
struct genl {
	struct nlmsghdr n;
	struct genlmsghdr g;
	char buf[256];
};

static void put(struct genl *m, int type, const void *data, int len)
{
	struct nlattr *a = (void *)((char *)m + NLMSG_ALIGN(m->n.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	memcpy((char *)a + NLA_HDRLEN, data, len);
	m->n.nlmsg_len = NLMSG_ALIGN(m->n.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

static long genl_talk(struct genl *m, void *reply, size_t size)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	struct nlmsghdr *n = reply;

	if (fd < 0 || send(fd, m, m->n.nlmsg_len, 0) < 0 ||
	    recv(fd, reply, size, 0) < 0)
		die("genetlink: %m");
	close(fd);
	return n->nlmsg_type == NLMSG_ERROR ?
		((struct nlmsgerr *)NLMSG_DATA(n))->error : 0;
}

static int genl_family(const char *family)
{
	struct genl m = {
		.n.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.n.nlmsg_type = GENL_ID_CTRL,
		.n.nlmsg_flags = NLM_F_REQUEST,
		.g.cmd = CTRL_CMD_GETFAMILY,
	};
	char reply[4096];
	struct nlattr *a;
	int left;

	put(&m, CTRL_ATTR_FAMILY_NAME, family, strlen(family) + 1);
	CHECK(genl_talk(&m, reply, sizeof(reply)), 0);
	left = ((struct nlmsghdr *)(void *)reply)->nlmsg_len -
		NLMSG_LENGTH(GENL_HDRLEN);
	for (a = (void *)(reply + NLMSG_LENGTH(GENL_HDRLEN)); left > 0;
	     left -= NLA_ALIGN(a->nla_len),
	     a = (void *)((char *)a + NLA_ALIGN(a->nla_len)))
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(uint16_t *)(void *)((char *)a + NLA_HDRLEN);
	die("no netlink family %s", family);
}

static long vdpa(int cmd)
{
	struct genl m = {
		.n.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.n.nlmsg_type = genl_family(VDPA_GENL_NAME),
		.n.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.g.cmd = cmd,
		.g.version = VDPA_GENL_VERSION,
	};
	char reply[4096];

	put(&m, VDPA_ATTR_DEV_NAME, name, strlen(name) + 1);
	if (cmd == VDPA_CMD_DEV_NEW)
		put(&m, VDPA_ATTR_MGMTDEV_DEV_NAME, "vduse", 6);
	return genl_talk(&m, reply, sizeof(reply));
}

/* Where the driver's memory at IOVA is here. */
static void *translate(uint64_t iova, uint64_t len)
{
	static struct {
		uint64_t start, last;
		char *addr;
	} known[16];
	static unsigned int nr;
	struct vduse_iotlb_entry e = { .start = iova, .last = iova + len - 1 };
	unsigned int i;
	char *p;
	int fd;

	if (iova < BOUNCE_SIZE && umem)
		return umem + iova;
	for (i = 0; i < nr; i++)
		if (iova >= known[i].start && iova <= known[i].last)
			return known[i].addr + (iova - known[i].start);
	fd = ioctl(dev, VDUSE_IOTLB_GET_FD, &e);
	if (fd < 0 || nr == ARRAY_SIZE(known))
		die("no memory at %#llx: %m", (unsigned long long)iova);
	p = mmap(NULL, e.last - e.start + 1, PROT_READ | PROT_WRITE, MAP_SHARED,
		 fd, e.offset);
	if (p == MAP_FAILED)
		die("mmap of %#llx: %m", (unsigned long long)e.start);
	close(fd);
	known[nr].start = e.start;
	known[nr].last = e.last;
	known[nr++].addr = p;
	return p + (iova - e.start);
}

/* One request of the disk: header, data and status are descriptors. */
static unsigned int serve(struct vring_desc *desc, unsigned int i)
{
	struct virtio_blk_outhdr *hdr = translate(desc[i].addr, desc[i].len);
	uint64_t at = hdr->sector * 512;
	unsigned int written = 0;
	uint32_t type = hdr->type;
	uint8_t *status;

	for (i = desc[i].next; desc[i].flags & VRING_DESC_F_NEXT;
	     i = desc[i].next) {
		char *p = translate(desc[i].addr, desc[i].len);

		if (at + desc[i].len > DISK_SIZE)
			die("access behind the end of the disk");
		if (type == VIRTIO_BLK_T_OUT)
			memcpy(disk + at, p, desc[i].len);
		else if (type == VIRTIO_BLK_T_IN)
			memcpy(p, disk + at, desc[i].len);
		at += desc[i].len;
		written += desc[i].len;
	}
	status = translate(desc[i].addr, 1);
	*status = VIRTIO_BLK_S_OK;
	return written + 1;
}

static void serve_queue(void)
{
	static uint16_t seen;
	struct vduse_vq_info info = { .index = 0 };
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint32_t index = 0;

	if (ioctl(dev, VDUSE_VQ_GET_INFO, &info) || !info.ready)
		return;
	desc = translate(info.desc_addr, info.num * sizeof(*desc));
	avail = translate(info.driver_addr, 4 + 2 * info.num);
	used = translate(info.device_addr, 4 + 8 * info.num);
	while (seen != __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE)) {
		uint16_t head = avail->ring[seen++ % info.num];
		vring_used_elem_t *u = &used->ring[used->idx % info.num];

		u->id = head;
		u->len = serve(desc, head);
		__atomic_store_n(&used->idx, used->idx + 1, __ATOMIC_RELEASE);
	}
	if (ioctl(dev, VDUSE_VQ_INJECT_IRQ, &index) && !stop)
		die("VDUSE_VQ_INJECT_IRQ: %m");
}

/* The driver resets the device first, which forgets whom to kick. */
static void setup_kick(void)
{
	struct vduse_vq_eventfd ev = { .index = 0, .fd = kick };

	CHECK(RC(ioctl(dev, VDUSE_VQ_SETUP_KICKFD, &ev)), 0);
}

static void *device(void *unused)
{
	struct pollfd fds[2] = {
		{ .fd = dev, .events = POLLIN },
		{ .fd = kick, .events = POLLIN },
	};
	struct vduse_dev_request req;
	struct vduse_dev_response resp;
	uint64_t count;

	while (!stop) {
		if (poll(fds, 2, 100) <= 0)
			continue;
		if (fds[0].revents & POLLIN &&
		    read(dev, &req, sizeof(req)) == sizeof(req)) {
			if (req.type == VDUSE_SET_STATUS &&
			    req.s.status & VIRTIO_CONFIG_S_DRIVER_OK)
				setup_kick();
			memset(&resp, 0, sizeof(resp));
			resp.request_id = req.request_id;
			resp.result = VDUSE_REQ_RESULT_OK;
			if (write(dev, &resp, sizeof(resp)) != sizeof(resp))
				die("response: %m");
		}
		if (fds[1].revents & POLLIN &&
		    read(kick, &count, sizeof(count)) == sizeof(count))
			serve_queue();
	}
	return unused;
}

static void create(void)
{
	struct {
		struct vduse_dev_config c;
		struct virtio_blk_config blk;
	} cfg = {
		.c = {
			.device_id = VIRTIO_ID_BLOCK,
			.features = 1ULL << VIRTIO_F_ACCESS_PLATFORM |
				    1ULL << VIRTIO_F_VERSION_1,
			.vq_num = 1,
			.vq_align = PAGE,
			.config_size = sizeof(struct virtio_blk_config),
		},
		.blk.capacity = DISK_SIZE / 512,
	};
	struct vduse_vq_config vq = { .index = 0, .max_size = QUEUE };
	uint64_t api = 0;
	char path[128];

	need_module("vduse", "");
	need_module("virtio_vdpa", "");
	need_module("virtio_blk", "");
	snprintf(name, sizeof(name), "test%d", getpid());
	strcpy(cfg.c.name, name);
	control = open_soon("/dev/vduse/control", O_RDWR);
	CHECK(RC(ioctl(control, VDUSE_SET_API_VERSION, &api)), 0);
	CHECK(RC(ioctl(control, VDUSE_CREATE_DEV, &cfg)), 0);
	snprintf(path, sizeof(path), "/dev/vduse/%s", name);
	dev = open_soon(path, O_RDWR | O_NONBLOCK);
	CHECK(RC(ioctl(dev, VDUSE_VQ_SETUP, &vq)), 0);
	kick = eventfd(0, EFD_NONBLOCK);
	snprintf(path, sizeof(path), "/sys/class/vduse/%s/bounce_size", name);
	write_file(path, "1048576");
	disk = map_pages(DISK_SIZE / PAGE);
	CHECK(pthread_create(&thread, NULL, device, NULL), 0);
}

static void attach(void)
{
	CHECK(vdpa(VDPA_CMD_DEV_NEW), 0);
}

static void destroy(void)
{
	CHECK(vdpa(VDPA_CMD_DEV_DEL), 0);
	stop = 1;
	pthread_join(thread, NULL);
	close(dev);
	CHECK(RC(ioctl(control, VDUSE_DESTROY_DEV, name)), 0);
	close(control);
}

static long umem_op(int op, void *addr, uint64_t iova, uint64_t size)
{
	struct vduse_iova_umem u = {
		.uaddr = (uintptr_t)addr,
		.iova = iova,
		.size = size,
	};

	return RC(ioctl(dev, op, &u));
}

static long reg(void *addr)
{
	return umem_op(VDUSE_IOTLB_REG_UMEM, addr, 0, BOUNCE_SIZE);
}

static long dereg(void)
{
	return umem_op(VDUSE_IOTLB_DEREG_UMEM, NULL, 0, BOUNCE_SIZE);
}

/* Write all of the disk and read it again, past the page cache. */
static void disk_io(unsigned int seed)
{
	static const unsigned int sizes[] = { 512, 4096, 65536, 1536, 131072 };
	char *buf = aligned_alloc(PAGE, 131072);
	int fd = open_soon("/dev/vda", O_RDWR | O_DIRECT);
	unsigned int i, s;
	uint64_t at = 0;

	for (s = 0; at < DISK_SIZE; s++) {
		unsigned int n = sizes[s % ARRAY_SIZE(sizes)];

		if (at + n > DISK_SIZE)
			n = DISK_SIZE - at;
		for (i = 0; i < n; i += 4)
			*(uint32_t *)(void *)(buf + i) =
				(at + i) * 2654435761u + seed;
		CHECK(RC(pwrite(fd, buf, n, at)), n);
		memset(buf, 0, n);
		CHECK(RC(pread(fd, buf, n, at)), n);
		for (i = 0; i < n; i += 4) {
			CHECK(*(uint32_t *)(void *)(buf + i),
			      (uint32_t)((at + i) * 2654435761u + seed));
			CHECK(*(uint32_t *)(void *)(disk + at + i),
			      (uint32_t)((at + i) * 2654435761u + seed));
		}
		at += n;
	}
	close(fd);
	free(buf);
}

static void expect(const char *p, long pages)
{
	CHECK(pinned_pages(p, BOUNCE_PAGES), pages);
	CHECK(status_pages("VmPin"), pages);
}

static unsigned long nonzero_pages(const char *p)
{
	unsigned long i, n = 0;

	for (i = 0; i < BOUNCE_SIZE; i += PAGE)
		n += p[i + PAGE / 2] != 0;
	return n;
}

static void test_disk_through_own_memory(void)
{
	char *p = map_scattered(BOUNCE_PAGES);
	int i;

	create();
	attach();
	disk_io(1);
	for (i = 0; i < 3; i++) {
		CHECK(reg(p), 0);
		umem = p;
		expect(p, BOUNCE_PAGES);
		disk_io(2 + i);
		/* The data went that way: map_scattered() left zeros. */
		CHECK(nonzero_pages(p) > 0, 1);
		umem = NULL;
		CHECK(dereg(), 0);
		expect(p, 0);
		disk_io(10 + i);
	}
	destroy();
}

static void test_bad_arguments(void)
{
	char *p = map_pages(BOUNCE_PAGES + 1);

	create();
	CHECK(reg(p), -EINVAL);
	attach();
	disk_io(1);
	CHECK(dereg(), -ENOENT);
	CHECK(reg(p + 512), -EINVAL);
	CHECK(umem_op(VDUSE_IOTLB_REG_UMEM, p, PAGE, BOUNCE_SIZE), -EINVAL);
	CHECK(umem_op(VDUSE_IOTLB_REG_UMEM, p, 0, BOUNCE_SIZE - PAGE), -EINVAL);
	expect(p, 0);
	CHECK(reg(p), 0);
	umem = p;
	CHECK(reg(p), -EEXIST);
	CHECK(umem_op(VDUSE_IOTLB_DEREG_UMEM, NULL, PAGE, BOUNCE_SIZE), -EINVAL);
	CHECK(umem_op(VDUSE_IOTLB_DEREG_UMEM, NULL, 0, PAGE), -EINVAL);
	expect(p, BOUNCE_PAGES);
	disk_io(2);
	umem = NULL;
	CHECK(dereg(), 0);
	CHECK(dereg(), -ENOENT);
	expect(p, 0);
	destroy();
}

/* RLIMIT_MEMLOCK holds for all alike: CAP_IPC_LOCK does not lift it. */
static void test_limit(void)
{
	struct rlimit rl = { BOUNCE_SIZE - PAGE, BOUNCE_SIZE };
	char *p = map_pages(BOUNCE_PAGES);

	create();
	attach();
	disk_io(1);
	CHECK(setrlimit(RLIMIT_MEMLOCK, &rl), 0);
	CHECK(reg(p), -ENOMEM);
	expect(p, 0);
	rl.rlim_cur = BOUNCE_SIZE;
	CHECK(setrlimit(RLIMIT_MEMLOCK, &rl), 0);
	CHECK(reg(p), 0);
	umem = p;
	expect(p, BOUNCE_PAGES);
	disk_io(2);
	umem = NULL;
	CHECK(dereg(), 0);
	destroy();
}

static void test_hole(void)
{
	static const int holes[] = { 0, 1, BOUNCE_PAGES / 2, BOUNCE_PAGES - 1 };
	unsigned int i;
	char *p;

	create();
	attach();
	disk_io(1);
	for (i = 0; i < ARRAY_SIZE(holes); i++) {
		p = map_pages(BOUNCE_PAGES);
		munmap(p + holes[i] * PAGE, PAGE);
		CHECK(reg(p) < 0, 1);
		CHECK(status_pages("VmPin"), 0);
		CHECK(pinned_pages(p, holes[i]), 0);
		CHECK(pinned_pages(p + (holes[i] + 1) * PAGE,
				   BOUNCE_PAGES - holes[i] - 1), 0);
	}
	disk_io(2);
	destroy();
}

static void test_close_releases(void)
{
	char *p = map_pages(BOUNCE_PAGES), path[64];

	create();
	attach();
	disk_io(1);
	CHECK(reg(p), 0);
	umem = p;
	disk_io(2);
	umem = NULL;
	stop = 1;
	pthread_join(thread, NULL);
	close(dev);
	expect(p, 0);
	/* The driver needs a device to say good-bye to. */
	snprintf(path, sizeof(path), "/dev/vduse/%s", name);
	dev = open_soon(path, O_RDWR | O_NONBLOCK);
	stop = 0;
	CHECK(pthread_create(&thread, NULL, device, NULL), 0);
	destroy();
}

static char *faulty;

static long reg_faulty(void)
{
	long rc = reg(faulty);

	if (!rc)
		dereg();
	return rc;
}

static void test_allocations_fail(void)
{
	int errors = 0, n;

	faulty = map_scattered(BOUNCE_PAGES);
	create();
	attach();
	disk_io(1);
	n = fail_each(reg_faulty, &errors);
	printf("# %d allocations failed, %d errors\n", n, errors);
	CHECK(n == -1 || errors > 0, 1);
	expect(faulty, 0);
	disk_io(2);
	destroy();
}

#define TEST(name) { #name, test_##name }

static const struct test tests[] = {
	TEST(disk_through_own_memory),
	TEST(bad_arguments),
	TEST(limit),
	TEST(hole),
	TEST(close_releases),
	TEST(allocations_fail),
};

int main(void)
{
	need_module("vhost_iotlb", "");
	return run_tests(tests, ARRAY_SIZE(tests));
}
