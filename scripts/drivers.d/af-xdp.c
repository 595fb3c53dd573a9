// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a program registers for an AF_XDP socket: what is charged to
 * whom, which errors it gets, and packets through it on a pair of veth devices
 * in copy mode.
 */
#include "drivers.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#define CHUNK	2048
#define RING	64
#define UID	1000

static int xsk_socket(void)
{
	int fd = socket(AF_XDP, SOCK_RAW, 0);

	if (fd < 0)
		die("socket: %m");
	return fd;
}

static long reg(int fd, void *addr, uint64_t len)
{
	struct xdp_umem_reg mr = {
		.addr = (uintptr_t)addr,
		.len = len,
		.chunk_size = CHUNK,
	};

	return RC(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &mr, sizeof(mr)));
}

/* The release of a socket's memory may be deferred: allow for it. */
static void reg_soon(int fd, void *addr, uint64_t len)
{
	long rc = -ENOBUFS;
	int i;

	for (i = 0; i < 300 && rc == -ENOBUFS; i++) {
		rc = reg(fd, addr, len);
		if (rc)
			usleep(10000);
	}
	CHECK(rc, 0);
}

static void unpinned_soon(const char *p, unsigned long nr)
{
	int i;

	for (i = 0; i < 300 && pinned_pages(p, nr); i++)
		usleep(10000);
	CHECK(pinned_pages(p, nr), 0);
}

static void test_registered_memory_is_pinned(void)
{
	char *p = map_pages(16);
	int fd = xsk_socket();

	CHECK(reg(fd, p, 16 * PAGE), 0);
	CHECK(pinned_pages(p, 16), 16);
	CHECK(reg(fd, p, 16 * PAGE), -EBUSY);
	close(fd);
	unpinned_soon(p, 16);
}

/* The last page counts whole, also if the length ends within it. */
static void test_length_is_not_a_multiple_of_pages(void)
{
	char *p = map_pages(4);
	int fd = xsk_socket();

	CHECK(reg(fd, p, 2 * PAGE + CHUNK), 0);
	CHECK(pinned_pages(p, 4), 3);
	close(fd);
	unpinned_soon(p, 4);
}

static void test_bad_ranges_are_refused(void)
{
	char *p = map_pages(2);
	int fd = xsk_socket();

	CHECK(reg(fd, p + CHUNK, PAGE), -EINVAL);
	CHECK(reg(fd, p, 0), -EINVAL);
	CHECK(reg(fd, p, -PAGE), -EINVAL);
	CHECK(reg(fd, p, CHUNK + 1), -EINVAL);
	CHECK(pinned_pages(p, 2), 0);
}

static void test_read_only_memory_is_refused(void)
{
	char *p = map_pages(4);
	int fd = xsk_socket();

	CHECK(mprotect(p, 4 * PAGE, PROT_READ), 0);
	CHECK(reg(fd, p, 4 * PAGE), -EFAULT);
	CHECK(mprotect(p, 3 * PAGE, PROT_READ | PROT_WRITE), 0);
	CHECK(reg(fd, p, 4 * PAGE), -ENOMEM);
	CHECK(pinned_pages(p, 4), 0);
}

/* No memory at the start is -EFAULT, a hole behind it -ENOMEM. */
static void test_hole(void)
{
	char *p = map_pages(16);
	int fd = xsk_socket();

	munmap(p + 8 * PAGE, PAGE);
	CHECK(reg(fd, p, 16 * PAGE), -ENOMEM);
	CHECK(reg(fd, p + 8 * PAGE, 4 * PAGE), -EFAULT);
	CHECK(pinned_pages(p, 8), 0);
	CHECK(pinned_pages(p + 9 * PAGE, 7), 0);
	CHECK(reg(fd, p, 8 * PAGE), 0);
}

static void test_limit(void)
{
	char *p = map_pages(32);
	int a, b;

	a = socket(AF_XDP, SOCK_RAW, 0);
	b = socket(AF_XDP, SOCK_RAW, 0);
	become_user(UID, 16);
	CHECK(reg(a, p, 17 * PAGE), -ENOBUFS);
	CHECK(reg(a, p, 10 * PAGE), 0);
	CHECK(reg(b, p + 10 * PAGE, 7 * PAGE), -ENOBUFS);
	CHECK(reg(b, p + 10 * PAGE, 6 * PAGE), 0);
	close(a);
	a = b;
	close(b);
}

/* All of the charge is returned when the socket goes. */
static void test_charge_is_returned(void)
{
	char *p = map_pages(16);
	int fd[20];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i] = xsk_socket();
	become_user(UID + 1, 16);
	for (i = 0; i < ARRAY_SIZE(fd); i++) {
		reg_soon(fd[i], p, 16 * PAGE);
		close(fd[i]);
	}
}

/* So it is when only a part of the memory could be pinned. */
static void test_charge_is_returned_after_a_hole(void)
{
	char *p = map_pages(16), *good = map_pages(16);
	int bad = xsk_socket(), fd = xsk_socket();

	munmap(p + 8 * PAGE, PAGE);
	become_user(UID + 2, 16);
	CHECK(reg(bad, p, 16 * PAGE), -ENOMEM);
	CHECK(reg(fd, good, 16 * PAGE), 0);
}

/* The charge is the user's who registered, whoever closes. */
static void test_charge_follows_the_user(void)
{
	char *p = map_pages(16);
	int fd = xsk_socket(), other = xsk_socket(), status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		become_user(UID + 3, 16);
		_exit(reg(fd, p, 16 * PAGE) != 0);
	}
	waitpid(pid, &status, 0);
	CHECK(status, 0);
	/* Still open here, so it is still charged there. */
	pid = fork();
	if (!pid) {
		close(fd);
		become_user(UID + 3, 16);
		_exit(reg(other, p, PAGE) != -ENOBUFS);
	}
	waitpid(pid, &status, 0);
	CHECK(status, 0);
	close(fd);
	become_user(UID + 3, 16);
	reg_soon(other, p, 16 * PAGE);
}

/* Who has CAP_IPC_LOCK is not charged. */
static void test_root_is_not_charged(void)
{
	struct rlimit rl = { 0, 0 };
	char *p = map_pages(64);
	int fd = xsk_socket();

	CHECK(setrlimit(RLIMIT_MEMLOCK, &rl), 0);
	CHECK(reg(fd, p, 64 * PAGE), 0);
}

static char *faulty;

static long reg_faulty(void)
{
	int fd = socket(AF_XDP, SOCK_RAW, 0);
	long rc;

	if (fd < 0)
		return -errno;
	rc = reg(fd, faulty, 40 * PAGE);
	close(fd);
	return rc;
}

static void test_allocations_fail(void)
{
	int errors = 0, n;

	faulty = map_pages(40);
	become_user(0, 40);
	n = fail_each(reg_faulty, &errors);
	printf("# %d allocations failed, %d errors\n", n, errors);
	CHECK(n == -1 || errors > 0, 1);
	unpinned_soon(faulty, 40);
}

/* Network devices, by rtnetlink. */
struct request {
	struct nlmsghdr n;
	struct ifinfomsg i;
	char buf[512];
};

static void attr(struct request *req, int type, const void *data, int len)
{
	struct rtattr *a = (void *)((char *)req + NLMSG_ALIGN(req->n.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	req->n.nlmsg_len = NLMSG_ALIGN(req->n.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static void nest_end(struct request *req, unsigned int start)
{
	struct rtattr *a = (void *)((char *)req + start);

	a->rta_len = req->n.nlmsg_len - start;
}

static void talk(struct request *req)
{
	struct {
		struct nlmsghdr n;
		struct nlmsgerr e;
		char buf[512];
	} reply;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	req->n.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (fd < 0 || send(fd, req, req->n.nlmsg_len, 0) < 0 ||
	    recv(fd, &reply, sizeof(reply), 0) < 0)
		die("rtnetlink: %m");
	if (reply.n.nlmsg_type != NLMSG_ERROR || reply.e.error)
		die("rtnetlink: %s", strerror(-reply.e.error));
	close(fd);
}

static void link_up(const char *name)
{
	struct request req = {
		.n.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		.n.nlmsg_type = RTM_NEWLINK,
		.i.ifi_index = if_nametoindex(name),
		.i.ifi_flags = IFF_UP,
		.i.ifi_change = IFF_UP,
	};

	talk(&req);
}

static void make_veth(void)
{
	struct request req = {
		.n.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		.n.nlmsg_type = RTM_NEWLINK,
		.n.nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL,
	};
	unsigned int info, data, peer;
	struct ifinfomsg i = { 0 };

	attr(&req, IFLA_IFNAME, "xa", 3);
	info = req.n.nlmsg_len;
	attr(&req, IFLA_LINKINFO, NULL, 0);
	attr(&req, IFLA_INFO_KIND, "veth", 5);
	data = req.n.nlmsg_len;
	attr(&req, IFLA_INFO_DATA, NULL, 0);
	peer = req.n.nlmsg_len;
	attr(&req, VETH_INFO_PEER, &i, sizeof(i));
	attr(&req, IFLA_IFNAME, "xb", 3);
	nest_end(&req, peer);
	nest_end(&req, data);
	nest_end(&req, info);
	talk(&req);
	link_up("xa");
	link_up("xb");
}

static void delete_veth(void)
{
	struct request req = {
		.n.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		.n.nlmsg_type = RTM_DELLINK,
		.i.ifi_index = if_nametoindex("xa"),
	};

	talk(&req);
}

struct ring {
	uint32_t *producer;
	uint32_t *consumer;
	void *desc;
};

static void map_ring(int fd, struct ring *r, struct xdp_ring_offset *off,
		     int opt, off_t pgoff, size_t entry)
{
	int n = RING;
	char *p;

	CHECK(RC(setsockopt(fd, SOL_XDP, opt, &n, sizeof(n))), 0);
	p = mmap(NULL, off->desc + RING * entry, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_POPULATE, fd, pgoff);
	if (p == MAP_FAILED)
		die("mmap of a ring: %m");
	r->producer = (void *)(p + off->producer);
	r->consumer = (void *)(p + off->consumer);
	r->desc = p + off->desc;
}

struct xsk {
	int fd;
	char *umem;
	struct ring rx, tx, fill, completion;
};

static void open_xsk(struct xsk *x, const char *dev, char *umem,
		     unsigned long pages)
{
	struct sockaddr_xdp sxdp = {
		.sxdp_family = AF_XDP,
		.sxdp_ifindex = if_nametoindex(dev),
		.sxdp_flags = XDP_COPY,
	};
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);

	x->fd = xsk_socket();
	x->umem = umem;
	CHECK(reg(x->fd, umem, pages * PAGE), 0);
	CHECK(RC(getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len)), 0);
	map_ring(x->fd, &x->fill, &off.fr, XDP_UMEM_FILL_RING,
		 XDP_UMEM_PGOFF_FILL_RING, sizeof(uint64_t));
	map_ring(x->fd, &x->completion, &off.cr, XDP_UMEM_COMPLETION_RING,
		 XDP_UMEM_PGOFF_COMPLETION_RING, sizeof(uint64_t));
	map_ring(x->fd, &x->rx, &off.rx, XDP_RX_RING, XDP_PGOFF_RX_RING,
		 sizeof(struct xdp_desc));
	map_ring(x->fd, &x->tx, &off.tx, XDP_TX_RING, XDP_PGOFF_TX_RING,
		 sizeof(struct xdp_desc));
	CHECK(RC(bind(x->fd, (void *)&sxdp, sizeof(sxdp))), 0);
}

static long bpf(int cmd, union bpf_attr *attr)
{
	return RC(syscall(SYS_bpf, cmd, attr, sizeof(*attr)));
}

/* All that DEV receives goes to X: a program of three instructions. */
static void redirect(const char *dev, struct xsk *x)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_XSKMAP,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};
	uint32_t key = 0;
	int map_fd, prog_fd;

	map_fd = bpf(BPF_MAP_CREATE, &map);
	CHECK(map_fd > 0, 1);
	union bpf_attr elem = {
		.map_fd = map_fd,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&x->fd,
	};
	CHECK(bpf(BPF_MAP_UPDATE_ELEM, &elem), 0);
	struct bpf_insn insns[] = {
		/* r1 = map, r2 = 0, r3 = XDP_DROP */
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = map_fd },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3,
		  .imm = XDP_DROP },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr prog = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)insns,
		.insn_cnt = ARRAY_SIZE(insns),
		.license = (uintptr_t)"GPL",
	};
	prog_fd = bpf(BPF_PROG_LOAD, &prog);
	if (prog_fd < 0)
		die("BPF_PROG_LOAD: %s", strerror(-prog_fd));
	union bpf_attr link = {
		.link_create = {
			.prog_fd = prog_fd,
			.target_ifindex = if_nametoindex(dev),
			.attach_type = BPF_XDP,
			.flags = XDP_FLAGS_SKB_MODE,
		},
	};
	CHECK(bpf(BPF_LINK_CREATE, &link) > 0, 1);
}

static void wait_for(uint32_t *index, uint32_t value, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT };
	int i;

	for (i = 0; i < 500; i++) {
		if (__atomic_load_n(index, __ATOMIC_ACQUIRE) == value)
			return;
		poll(&pfd, 1, 10);
		usleep(1000);
	}
	die("waited in vain: %u, not %u",
	    __atomic_load_n(index, __ATOMIC_ACQUIRE), value);
}

static void fill_packet(char *p, unsigned int len, unsigned int seed)
{
	struct ethhdr *eth = (void *)p;
	unsigned int i;

	memset(eth->h_dest, 0xff, 6);
	memset(eth->h_source, 0x02, 6);
	eth->h_proto = htons(0x88b5);
	for (i = sizeof(*eth); i < len; i++)
		p[i] = i * 7 + seed * 31;
}

static void send_packet(struct xsk *x, uint64_t addr, unsigned int len)
{
	struct xdp_desc *d = x->tx.desc;
	uint32_t n = *x->tx.producer;

	d[n % RING] = (struct xdp_desc){ .addr = addr, .len = len };
	__atomic_store_n(x->tx.producer, n + 1, __ATOMIC_RELEASE);
	CHECK(RC(sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0)), 0);
	wait_for(x->completion.producer, n + 1, x->fd);
	CHECK(((uint64_t *)x->completion.desc)[n % RING], addr);
	__atomic_store_n(x->completion.consumer, n + 1, __ATOMIC_RELEASE);
}

/*
 * Packets from each chunk of one umem to the other's, through memory that is
 * not contiguous, of all lengths.
 */
static void packets(char *from, char *to, unsigned long pages)
{
	static const unsigned int lens[] = { 60, 64, 333, 1024, 1500, 1514 };
	const unsigned int chunks = pages * PAGE / CHUNK;
	struct xsk a, b;
	unsigned int i;

	make_veth();
	open_xsk(&a, "xa", from, pages);
	open_xsk(&b, "xb", to, pages);
	redirect("xb", &b);
	for (i = 0; i < chunks; i++) {
		unsigned int len = lens[i % ARRAY_SIZE(lens)];
		uint64_t src = (uint64_t)i * CHUNK;
		uint64_t dst = (uint64_t)(chunks - 1 - i) * CHUNK;
		struct xdp_desc *d;

		((uint64_t *)b.fill.desc)[i % RING] = dst;
		__atomic_store_n(b.fill.producer, i + 1, __ATOMIC_RELEASE);
		fill_packet(from + src, len, i);
		send_packet(&a, src, len);
		wait_for(b.rx.producer, i + 1, b.fd);
		d = (struct xdp_desc *)b.rx.desc + i % RING;
		CHECK(d->len, len);
		CHECK(d->addr / CHUNK * CHUNK, dst);
		CHECK(memcmp(to + d->addr, from + src, len), 0);
		__atomic_store_n(b.rx.consumer, i + 1, __ATOMIC_RELEASE);
	}
	close(a.fd);
	close(b.fd);
	delete_veth();
}

static void test_packets(void)
{
	packets(map_scattered(24), map_scattered(24), 24);
}

/* Memory that is shared, not anonymous. */
static void test_packets_in_shared_memory(void)
{
	int fd = memfd_create("umem", 0);
	char *p;

	CHECK(ftruncate(fd, 48 * PAGE), 0);
	p = mmap(NULL, 48 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	packets(p, p + 24 * PAGE, 24);
}

#define TEST(name) { #name, test_##name }

static const struct test tests[] = {
	TEST(registered_memory_is_pinned),
	TEST(length_is_not_a_multiple_of_pages),
	TEST(bad_ranges_are_refused),
	TEST(read_only_memory_is_refused),
	TEST(hole),
	TEST(limit),
	TEST(charge_is_returned),
	TEST(charge_is_returned_after_a_hole),
	TEST(charge_follows_the_user),
	TEST(root_is_not_charged),
	TEST(packets),
	TEST(packets_in_shared_memory),
	TEST(allocations_fail),
};

int main(void)
{
	return run_tests(tests, ARRAY_SIZE(tests));
}
